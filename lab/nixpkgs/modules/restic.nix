# Declared and evaluated: nothing runs.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  nullable =
    type:
    mkOption {
      type = types.nullOr type;
      default = null;
    };
  list =
    type:
    mkOption {
      type = types.listOf type;
      default = [ ];
    };
in
{
  options.services.restic.backups = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule {
        options = {
          paths = mkOption {
            type = types.nullOr (types.listOf types.str);
            default = [ ];
          };
          exclude = list types.str;
          repository = nullable types.str;
          repositoryFile = nullable types.path;
          passwordFile = nullable types.str;
          environmentFile = nullable types.str;
          user = mkOption {
            type = types.str;
            default = "root";
          };
          initialize = mkOption {
            type = types.bool;
            default = false;
          };
          extraBackupArgs = list types.str;
          extraOptions = list types.str;
          pruneOpts = list types.str;
        };
      }
    );
  };
}
