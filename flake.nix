{
  description = "One configuration for many NixOS machines: plan on push, deploy on merge, roll back on revert";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";

  outputs =
    { self, nixpkgs }:
    let
      forSystems = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      packages = forSystems (system: rec {
        nixcluster = nixpkgs.legacyPackages.${system}.callPackage ./nix/package.nix { };
        default = nixcluster;
      });
      overlays.default = final: _: { nixcluster = final.callPackage ./nix/package.nix { }; };
      nixosModules = rec {
        nixcluster = ./nix/module.nix;
        default = nixcluster;
      };
    };
}
