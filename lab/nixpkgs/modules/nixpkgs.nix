{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;
in
{
  options.nixpkgs = {
    hostPlatform = mkOption {
      type = types.either types.str types.attrs;
      default = if cfg.system == null then throw "Neither nixpkgs.hostPlatform nor system is set." else cfg.system;
      apply = lib.systems.elaborate;
    };
    buildPlatform = mkOption {
      type = types.either types.str types.attrs;
      default = cfg.hostPlatform;
      apply = lib.systems.elaborate;
    };
    system = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    config = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    overlays = mkOption {
      type = types.listOf (types.functionTo (types.functionTo types.attrs)) // {
        merge = _: defs: builtins.concatLists (lib.options.getValues defs);
      };
      default = [ ];
    };
    pkgs = mkOption {
      type = types.pkgs;
      default = import ../. {
        inherit (cfg.hostPlatform) system;
        inherit (cfg) overlays config;
      };
    };
  };
  config._module.args.pkgs = cfg.pkgs;
}
