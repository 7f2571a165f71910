{
  description = "A small stand-in for agenix: its NixOS module's options, without decryption";

  outputs = _: {
    nixosModules = rec {
      age = ./age.nix;
      default = age;
    };
  };
}
