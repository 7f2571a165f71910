# Declared, written to /etc and run by a program that only says that it serves.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.vault;
  lines = mkOption {
    type = types.lines;
    default = "";
  };
  file = mkOption {
    type = types.nullOr types.str;
    default = null;
  };
  keepsFiles = cfg.storageBackend == "file" || cfg.storageBackend == "raft";
in
{
  options.services.vault = {
    enable = lib.mkEnableOption "Vault";
    package = mkOption {
      type = types.package;
      default = pkgs.vault;
    };
    dev = mkOption {
      type = types.bool;
      default = false;
    };
    address = mkOption {
      type = types.str;
      default = "127.0.0.1:8200";
    };
    tlsCertFile = file;
    tlsKeyFile = file;
    listenerExtraConfig = lines;
    storageBackend = mkOption {
      type = types.enum [
        "inmem"
        "file"
        "consul"
        "zookeeper"
        "s3"
        "azure"
        "dynamodb"
        "etcd"
        "mssql"
        "mysql"
        "postgresql"
        "swift"
        "gcs"
        "raft"
      ];
      default = "inmem";
    };
    storagePath = mkOption {
      type = types.nullOr types.path;
      default = if keepsFiles then "/var/lib/vault" else null;
    };
    storageConfig = mkOption {
      type = types.nullOr types.lines;
      default = null;
    };
    telemetryConfig = lines;
    extraConfig = lines;
    extraSettingsPaths = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."vault.hcl".text = ''
      listener "tcp" {
        address = "${cfg.address}"
      }
      storage "${cfg.storageBackend}" {
      ${lib.optionalString (cfg.storagePath != null) "path = \"${cfg.storagePath}\"\n"}${
        lib.optionalString (cfg.storageConfig != null) cfg.storageConfig
      }}
      ${cfg.extraConfig}'';
    systemd.services.vault = {
      description = "Vault";
      wantedBy = [ "multi-user.target" ];
      restartIfChanged = false;
      serviceConfig.ExecStart = "${cfg.package}/bin/vault server -config /etc/vault.hcl";
    };
  };
}
