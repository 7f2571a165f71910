{ config, lib, ... }:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.age;
  text =
    default:
    mkOption {
      type = types.str;
      inherit default;
    };
  secret =
    { name, config, ... }:
    {
      options = {
        name = text name;
        file = mkOption { type = types.path; };
        path = text "${cfg.secretsDir}/${config.name}";
        mode = text "0400";
        owner = text "0";
        group = text "0";
        symlink = mkEnableOption "links to the secrets" // {
          default = true;
        };
      };
    };
in
{
  options.age = {
    secrets = mkOption {
      type = types.attrsOf (types.submodule secret);
      default = { };
    };
    secretsDir = mkOption {
      type = types.path;
      default = "/run/agenix";
    };
    identityPaths = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
  };
}
