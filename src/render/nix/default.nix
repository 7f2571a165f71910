# The outputs of the flake, from one generated file for each machine and each service.
{
  inputs,
  machines,
  services,
  virtualHosts ? [ ],
}:
let
  inherit (inputs.nixpkgs) lib;
  inherit (builtins) mapAttrs;

  # A generated file is named after what it holds.
  byName =
    make: files:
    lib.listToAttrs (
      map (file: lib.nameValuePair (lib.removeSuffix ".nix" (baseNameOf file)) (make file)) files
    );

  deployLibrary = import ./deploy.nix inputs;
  resolveIn = import ./resolve.nix { inherit lib; };
  # Without `self`: a system that holds the tree's own hash would change with every commit.
  others = removeAttrs inputs [ "self" ];
  machine = byName (
    file:
    import ./machine.nix {
      inputs = others;
      inherit deployLibrary resolveIn file;
    }
  ) machines;
  virtualHost = byName (
    file:
    import ./virtual-host.nix {
      inputs = others;
      inherit lib resolveIn file;
    }
  ) virtualHosts;

  configurations = mapAttrs (_: each: each.configuration) machine;
  nodes = mapAttrs (_: each: each.node) machine;

  bySystem = lib.groupBy (name: machine.${name}.system) (builtins.attrNames machine);

  # The first label, where only one machine has it.
  shortNames = lib.concatMapAttrs (
    label: names: if builtins.length names == 1 then { ${label} = builtins.head names; } else { }
  ) (lib.groupBy (name: builtins.head (lib.splitString "." name)) (builtins.attrNames machine));
in
{
  nixosConfigurations = mapAttrs (_: name: configurations.${name}) shortNames // configurations;

  deploy = { inherit nodes; };

  checks = mapAttrs (
    system: names:
    (deployLibrary inputs.nixpkgs system).deployChecks { nodes = lib.getAttrs names nodes; }
  ) bySystem;

  packages = mapAttrs (
    _: names: lib.concatMapAttrs (_: each: each.packages) (lib.getAttrs names machine)
  ) bySystem;

  lib = {
    # selector -> addresses and names
    resolve = resolveIn null;
    # machine -> what its levels say without effect
    unused = mapAttrs (_: each: each.unused) machine;
    # host -> its NixOS module
    machines = mapAttrs (_: each: each.module) (machine // virtualHost);
    # service -> host -> the module that the service gives to it
    services = mapAttrs (
      name: _:
      lib.concatMapAttrs (
        host: each: if each.services ? ${name} then { ${host} = each.services.${name}; } else { }
      ) (machine // virtualHost)
    ) (byName (_: null) services);
  };
}
