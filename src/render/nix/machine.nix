# One machine: its NixOS system, the module that makes it, and its node for deploy-rs.
{
  inputs,
  deployLibrary,
  resolveIn,
  file,
}:
let
  machine = import file;
  nixpkgs = inputs.${machine.nixpkgs};
  inherit (nixpkgs) lib;

  host = import ./host.nix {
    inherit inputs lib resolveIn;
    host = machine;
  };
  virtualHosts = map (
    file:
    import ./virtual-host.nix {
      inherit
        inputs
        lib
        resolveIn
        file
        ;
    }
  ) (machine.virtualHosts or [ ]);
  module.imports = host.module.imports ++ map (each: each.accepted) virtualHosts;

  configuration = nixpkgs.lib.nixosSystem {
    specialArgs = host.specialArgsOf configuration;
    modules = [ module ];
  };
in
{
  inherit configuration module;
  inherit (host) services;

  # Values of levels without effect.
  unused = import ./unused.nix {
    inherit lib;
    inherit (configuration) options;
    inherit (host) parts;
    inherit (host.levelLibrary) priorities;
    contentOf = host.levelLibrary.contentOf (host.scopeOf configuration);
  };

  inherit (machine) system;

  packages = lib.optionalAttrs (machine ? install) (
    import ./install.nix { inherit lib machine configuration; }
  );

  node = machine.node // {
    profiles.system = {
      inherit (machine.node) user;
      path = (deployLibrary nixpkgs machine.system).activate.nixos configuration;
    };
  };
}
