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

  # From the outermost inward.
  levels = map import machine.levels ++ [ machine ];
  element = kind: lib.findFirst (level: level.kind == kind) null levels;
  describe = level: {
    inherit (level) name label;
    fqdn = level.name;
    data = level.data or { };
  };

  # A generated file is a function where it holds `!nix`, data where it does not.
  load =
    scope: file:
    let
      content = import file;
    in
    if builtins.isFunction content then content scope else content;

  # What `!nix` may name. An evaluation hands in its own `pkgs` and `config`.
  scopeOf =
    { pkgs, config, ... }:
    let
      scope = {
        inherit
          lib
          pkgs
          config
          inputs
          ;
        this = scope.hostAt machine.host;
        cluster = describe (element "cluster");
        domain = describe (element "domain");
        force = lib.mkForce;
        # What a definition sees of the host in a file.
        hostAt =
          path:
          {
            hostKey = null;
            sshPort = 22;
          }
          // load scope path;
        # What it gives depends on every host: who may ask counts all of them as inputs.
        resolveIn =
          if machine.resolves or false then
            resolveIn
          else
            throw "resolve is for machines of which a module or a service's definition, as a file of the repository, names it";
        # A file that is a function from arguments to a module.
        moduleWith = path: arguments: {
          _file = toString path;
          imports = [ (import path arguments) ];
        };
      };
    in
    scope;

  levelLibrary = import ./levels.nix { inherit lib; };
  toLevelModule = levelLibrary.toModule scopeOf;
  toServiceModule = import ./services.nix { inherit lib load scopeOf; };

  # service -> module
  services = lib.listToAttrs (
    map (service: lib.nameValuePair service.name (toServiceModule service.file)) machine.services
  );
  module.imports =
    map toLevelModule levels ++ map (service: services.${service.name}) machine.services;

  configuration = nixpkgs.lib.nixosSystem {
    specialArgs = {
      inherit inputs;
      nixcluster = {
        inherit (scopeOf configuration) this cluster;
        resolve = (scopeOf configuration).resolveIn machine.name;
      };
    };
    modules = [ module ];
  };
in
{
  inherit configuration module services;

  # Values of levels without effect.
  unused = import ./unused.nix {
    inherit lib levels;
    inherit (levelLibrary) priorities;
    inherit (configuration) options;
    contentOf = levelLibrary.contentOf (scopeOf configuration);
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
