{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.sops;
  text =
    default:
    mkOption {
      type = types.str;
      inherit default;
    };
  units = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  secret =
    { name, config, ... }:
    {
      options = {
        name = text name;
        key = text name;
        path = text "/run/secrets${lib.optionalString config.neededForUsers "-for-users"}/${config.name}";
        format = mkOption {
          type = types.enum [
            "yaml"
            "json"
            "binary"
            "dotenv"
            "ini"
          ];
          default = "yaml";
        };
        mode = text "0400";
        owner = text "root";
        group = text "root";
        sopsFile = mkOption {
          type = types.path;
          default = cfg.defaultSopsFile;
        };
        restartUnits = units;
        reloadUnits = units;
        neededForUsers = mkOption {
          type = types.bool;
          default = false;
        };
      };
    };
in
{
  options.sops = {
    secrets = mkOption {
      type = types.attrsOf (types.submodule secret);
      default = { };
    };
    defaultSopsFile = mkOption { type = types.path; };
    age = {
      keyFile = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      sshKeyPaths = mkOption {
        type = types.listOf types.path;
        default = [ ];
      };
    };
  };
}
