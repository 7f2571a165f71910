{
  description = "A small stand-in for sops-nix: its NixOS module's options, without decryption";

  outputs = _: {
    nixosModules = rec {
      sops = ./sops.nix;
      default = sops;
    };
  };
}
