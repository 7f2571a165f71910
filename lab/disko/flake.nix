{
  description = "A small stand-in for disko: its NixOS module's option, and file systems from it";

  outputs = _: {
    nixosModules = rec {
      disko = ./disko.nix;
      default = disko;
    };
  };
}
