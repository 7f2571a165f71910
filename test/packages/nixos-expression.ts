import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/**
 * The start of a Nix expression in which `nixpkgs` is the lab's, `nixcluster` this repository's flake, and
 * `evaluate` makes a NixOS system with its module; nothing is copied into the store.
 */
export const scope = `
  let
    flake = file: inputs: let self = (import file).outputs (inputs // { inherit self; }); in self;
    nixpkgs = flake ${root}/lab/nixpkgs/flake.nix { };
    nixcluster = flake ${root}/flake.nix { inherit nixpkgs; };
    pkgs = nixpkgs.legacyPackages.x86_64-linux;
    # The lab has no deploy-rs, as some releases of nixpkgs have none that is new enough.
    withDeployRs = { nixpkgs.overlays = [ (final: _: { deploy-rs = final.hello; }) ]; };
    evaluate = modules: (nixpkgs.lib.nixosSystem {
      modules = [
        { nixpkgs.hostPlatform = "x86_64-linux"; }
        withDeployRs
        nixcluster.nixosModules.default
      ] ++ modules;
    }).config;
  in `
