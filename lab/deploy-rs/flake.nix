{
  description = "Stands in for deploy-rs' flake: its Nix library around a binary that lies beside this file";

  inputs.nixpkgs.url = "path:../nixpkgs";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      packagesOf =
        system:
        import nixpkgs {
          inherit system;
          overlays = [ self.overlays.default ];
        };
    in
    {
      overlays.default = final: _: {
        deploy-rs = {
          deploy-rs = import ./package.nix { pkgs = final; };
          lib = import ./lib.nix { pkgs = final; };
        };
      };
      lib = nixpkgs.lib.genAttrs systems (system: (packagesOf system).deploy-rs.lib);
      packages = nixpkgs.lib.genAttrs systems (system: rec {
        inherit ((packagesOf system).deploy-rs) deploy-rs;
        default = deploy-rs;
      });
    };
}
