# deploy-rs' Nix library around nixpkgs' own package of it, so that nothing is compiled.
# A nixpkgs without that package gets the one of the input deploy-rs.
inputs: nixpkgs: system:
let
  pkgs = nixpkgs.legacyPackages.${system};
  packaged = pkgs // {
    deploy-rs = { inherit (pkgs) deploy-rs; };
  };
in
if pkgs ? deploy-rs then
  (inputs.deploy-rs.overlays.default packaged pkgs).deploy-rs.lib
else
  inputs.deploy-rs.lib.${system}
