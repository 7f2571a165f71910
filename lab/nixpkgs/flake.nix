{
  description = "A small stand-in for nixpkgs: NixOS' module system and a system that Debian's systemd can switch to";

  outputs =
    { self }:
    let
      plain = import ./lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      lib = plain // {
        nixosSystem = import ./system/nixos-system.nix { lib = self.lib; };
      };
      legacyPackages = plain.genAttrs systems (system: import ./. { inherit system; });
    };
}
