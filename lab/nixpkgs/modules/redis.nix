# Servers with a socket alone.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  servers = lib.filterAttrs (_: server: server.enable) config.services.redis.servers;
  server =
    { name, ... }:
    {
      options = {
        enable = lib.mkEnableOption "this server";
        user = mkOption {
          type = types.str;
          default = "redis-${name}";
        };
        unixSocket = mkOption {
          type = types.nullOr types.path;
          default = "/run/redis-${name}/redis.sock";
        };
        unixSocketPerm = mkOption {
          type = types.int;
          default = 600;
        };
        save = mkOption {
          type = types.listOf (types.listOf types.int);
          default = [ ];
        };
      };
    };
in
{
  options.services.redis = {
    package = mkOption {
      type = types.package;
      default = pkgs.redis;
    };
    servers = mkOption {
      type = types.attrsOf (types.submodule server);
      default = { };
    };
  };
  config = {
    users.users = lib.mapAttrs' (
      _: server:
      lib.nameValuePair server.user {
        isSystemUser = true;
        group = server.user;
      }
    ) servers;
    users.groups = lib.mapAttrs' (_: server: lib.nameValuePair server.user { }) servers;
    systemd.services = lib.mapAttrs' (
      name: server:
      lib.nameValuePair "redis-${name}" {
        wantedBy = [ "multi-user.target" ];
        serviceConfig = {
          ExecStart = "${config.services.redis.package}/bin/redis-server --port 0 --unixsocket ${server.unixSocket} --unixsocketperm ${toString server.unixSocketPerm} --save ''";
          User = server.user;
          RuntimeDirectory = "redis-${name}";
          RuntimeDirectoryMode = "0750";
        };
      }
    ) servers;
  };
}
