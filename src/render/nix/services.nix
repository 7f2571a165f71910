# What a service gives to the host that is being configured: a NixOS module.
{
  lib,
  load,
  scopeOf,
}:
file:
{ pkgs, config, ... }@args:
let
  scope = scopeOf args // {
    inherit hostAt;
  };
  service = load scope file;

  # A host as this service sees it: with the roles that it has here.
  hostAt =
    path:
    let
      host = load scope path;
    in
    host // { roles = rolesOf host; };
  hostsOf = map hostAt;
  roles = builtins.mapAttrs (_: hostsOf) service.roles;
  rolesOf = host: builtins.filter (role: members.${role} ? ${host.name}) (builtins.attrNames members);
  members = builtins.mapAttrs (
    _: hosts: lib.genAttrs (map (path: (load scope path).name) hosts) (_: true)
  ) service.roles;

  arguments = {
    inherit lib roles;
    inherit (scope) cluster domain inputs;
    settings = service.settings or { };
    config = service.settings or { };
    selectors = hostsOf service.selectors;
    this = scope.this // {
      roles = rolesOf scope.this;
    };
    service = {
      inherit (service) name label;
      fqdn = service.name;
      data = service.data or { };
    };
  };

  # A definition stands in a file or comes from a flake.
  isFile = builtins.isPath service.definition || builtins.isString service.definition;
  function = if isFile then import service.definition else service.definition;
  defined = {
    _file = if isFile then toString service.definition else service.place;
    imports = [ (function (builtins.intersectAttrs (lib.functionArgs function) arguments)) ];
  };
in
{
  _file = service.place;
  imports = (service.imports or [ ]) ++ lib.optional (service ? definition) defined;
  config = service.config or { };
}
