{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.fileSystems = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = {
            mountPoint = mkOption {
              type = types.str;
              default = name;
            };
            device = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
            label = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
            fsType = mkOption {
              type = types.str;
              default = "auto";
            };
            options = mkOption {
              type = types.listOf types.str;
              default = [ "defaults" ];
            };
            neededForBoot = mkOption {
              type = types.bool;
              default = false;
            };
            autoFormat = lib.mkEnableOption "formatting";
            noCheck = lib.mkEnableOption "no check";
            depends = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
          };
        }
      )
    );
  };
  options.swapDevices = mkOption {
    default = [ ];
    type = types.listOf (
      types.submodule {
        options = {
          device = mkOption { type = types.str; };
          size = mkOption {
            type = types.nullOr types.int;
            default = null;
          };
          priority = mkOption {
            type = types.nullOr types.int;
            default = null;
          };
        };
      }
    );
  };
  # A machine of the lab lives on the file system that it was given: shown, not mounted.
  config.environment.etc."nixos/fstab" = lib.mkIf (config.fileSystems != { }) {
    text = lib.concatMapAttrsStringSep "" (
      _: fs: "${toString fs.device} ${fs.mountPoint} ${fs.fsType} ${lib.concatStringsSep "," fs.options} 0 0\n"
    ) config.fileSystems;
  };
}
