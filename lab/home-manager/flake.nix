{
  description = "A small stand-in for home-manager: its NixOS module with a few of its options";

  outputs = _: {
    nixosModules = rec {
      home-manager = ./nixos.nix;
      default = home-manager;
    };
  };
}
