# What a service gives to the host that is being configured: a NixOS module.
{
  lib,
  load,
  scopeOf,
  kindOfHost,
}:
file:
{ pkgs, config, ... }@args:
let
  common = scopeOf args;
  scope = common // {
    inherit hostAt;
  };
  service = load scope file;
  # What its modules say for machines, or for virtual hosts, alone.
  only = service.${kindOfHost} or { };

  # A host as this service sees it: with the roles that it has here, and what they say about it.
  seen =
    host:
    host
    // {
      roles = builtins.filter (role: members.${role} ? ${host.name}) (builtins.attrNames members);
      settings = service.members.${host.name} or { };
    };
  hostAt = path: seen (common.hostAt path);
  hostsOf = map hostAt;
  roles = builtins.mapAttrs (_: hostsOf) service.roles;
  members = builtins.mapAttrs (
    _: hosts: lib.genAttrs (map (path: (load scope path).name) hosts) (_: true)
  ) service.roles;

  arguments = {
    inherit lib roles;
    inherit (scope) cluster domain inputs;
    settings = service.settings or { };
    config = service.settings or { };
    selectors = hostsOf service.selectors;
    this = seen scope.this;
    resolve = scope.resolveIn service.name;
    service = {
      inherit (service) name label;
      fqdn = service.name;
      data = service.data or { };
    };
  };

  # The same under the names of NixOs-ClusterConfig, for functions that were written for it.
  oldHost =
    host:
    host
    // {
      machineName = host.hostName;
      clusterName = lib.head (lib.splitString "." host.cluster);
      serviceAddresses = host.data.serviceAddresses or [ ];
      servicesAddresses = host.data.serviceAddresses or [ ];
      ips = builtins.mapAttrs (
        label: interface: host.ips.${label} ++ lib.optional interface.dhcp "dhcp"
      ) host.interfaces;
    };
  oldArguments = arguments // {
    clusterInfo = scope.cluster;
    selectors = map oldHost arguments.selectors;
    roles = builtins.mapAttrs (_: map oldHost) roles;
    this = oldHost arguments.this;
  };

  # Only what the function names; all of it where it names nothing.
  apply =
    function:
    let
      named = lib.functionArgs function;
      offered = if named ? clusterInfo then oldArguments else arguments;
    in
    function (if named == { } then offered else builtins.intersectAttrs named offered);

  # A definition stands in a file or comes from a flake; one that is no function is a module already.
  isFile = builtins.isPath service.definition || builtins.isString service.definition;
  definition = if isFile then import service.definition else service.definition;
  defined = {
    _file = if isFile then toString service.definition else service.place;
    imports = [ (if lib.isFunction definition then apply definition else definition) ];
  };
in
{
  _file = service.place;
  imports =
    (service.imports or [ ]) ++ (only.imports or [ ]) ++ lib.optional (service ? definition) defined;
  config = lib.mkMerge [
    (service.config or { })
    (only.config or { })
  ];
}
