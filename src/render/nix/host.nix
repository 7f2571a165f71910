# A host: the NixOS module that its levels, it itself and its services come to.
{
  inputs,
  lib,
  resolveIn,
  # What its generated file holds.
  host,
}:
let
  # From the outermost inward.
  levels = map import host.levels;
  element = kind: lib.findFirst (level: level.kind == kind) null levels;
  describe =
    scope: level:
    let
      data = level.data or { };
    in
    {
      inherit (level) name label;
      fqdn = level.name;
      data = if builtins.isFunction data then data scope else data;
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
        this = scope.hostAt host.host;
        cluster = describe scope (element "cluster");
        domain = describe scope (element "domain");
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
          if host.resolves or false then
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

  # A level has something for all hosts, and something for machines or for virtual hosts only.
  kindOfHost = if host.kind == "machine" then "machines" else "virtualHosts";
  partsOf =
    level:
    map (part: { inherit level part; }) (
      lib.filter (part: level ? ${part}) [
        "all"
        kindOfHost
      ]
    );
  parts = lib.concatMap partsOf levels ++ [
    {
      level = host;
      part = "module";
    }
  ];
  levelLibrary = import ./levels.nix { inherit lib; };

  toServiceModule = import ./services.nix {
    inherit
      lib
      load
      scopeOf
      kindOfHost
      ;
  };
  # A generated file is named after what it holds.
  nameOf = file: lib.removeSuffix ".nix" (baseNameOf file);
  # service -> module
  services = lib.listToAttrs (
    map (file: lib.nameValuePair (nameOf file) (toServiceModule file)) host.services
  );
in
{
  inherit
    scopeOf
    services
    parts
    levelLibrary
    ;
  module.imports =
    map ({ level, part }: levelLibrary.toModule scopeOf level part) parts
    ++ map (file: services.${nameOf file}) host.services;

  # What its modules get besides NixOS' own arguments.
  specialArgsOf = args: {
    inherit inputs;
    nixcluster = {
      inherit (scopeOf args) this cluster;
      resolve = (scopeOf args).resolveIn host.name;
    };
  };
}
