{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      types.package
    ]
  );
in
{
  options.nix = {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    settings = mkOption {
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf (types.either atom (types.listOf atom));
        options = {
          max-jobs = mkOption {
            type = types.either types.int (types.enum [ "auto" ]);
            default = "auto";
          };
          cores = mkOption {
            type = types.int;
            default = 0;
          };
          trusted-users = mkOption {
            type = types.listOf types.str;
            default = [ "root" ];
          };
          substituters = mkOption {
            type = types.listOf types.str;
            default = [ ];
          };
          trusted-public-keys = mkOption {
            type = types.listOf types.str;
            default = [ ];
          };
        };
      };
    };
    gc = {
      automatic = lib.mkEnableOption "garbage collection";
      dates = mkOption {
        type = types.either types.singleLineStr (types.listOf types.str);
        default = "03:15";
      };
      options = mkOption {
        type = types.singleLineStr;
        default = "";
      };
    };
    optimise.automatic = lib.mkEnableOption "optimisation";
    extraOptions = mkOption {
      type = types.lines;
      default = "";
    };
    registry = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    nixPath = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    channel.enable = mkOption {
      type = types.bool;
      default = true;
    };
    package = mkOption {
      type = types.package;
      default = pkgs.nix;
    };
  };
}
