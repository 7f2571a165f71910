{ lib, ... }:
let
  inherit (lib) mkOption types;

  interface = {
    options = {
      type = mkOption {
        type = types.enum [
          "user"
          "tap"
          "macvtap"
          "bridge"
        ];
      };
      id = mkOption { type = types.str; };
      mac = mkOption { type = types.str; };
      bridge = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      macvtap = {
        link = mkOption {
          type = types.nullOr types.str;
          default = null;
        };
        mode = mkOption {
          type = types.nullOr (
            types.enum [
              "private"
              "vepa"
              "bridge"
              "passthru"
              "source"
            ]
          );
          default = null;
        };
      };
    };
  };
in
{
  options.microvm = {
    vcpu = mkOption {
      type = types.ints.positive;
      default = 1;
    };
    mem = mkOption {
      type = types.ints.positive;
      default = 512;
    };
    interfaces = mkOption {
      type = types.listOf (types.submodule interface);
      default = [ ];
    };
  };
}
