{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.home-manager;

  home = types.submoduleWith {
    class = "homeManager";
    specialArgs = {
      osConfig = config;
    }
    // cfg.extraSpecialArgs;
    modules = [
      ./home.nix
      (
        { name, ... }:
        {
          imports = cfg.sharedModules;
          _module.args.pkgs = pkgs;
          home.username = config.users.users.${name}.name;
          home.homeDirectory = config.users.users.${name}.home;
        }
      )
    ];
  };
in
{
  options.home-manager = {
    useUserPackages = mkEnableOption "packages as those of the user";
    useGlobalPkgs = mkEnableOption "the system's packages";
    backupFileExtension = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    extraSpecialArgs = mkOption {
      type = types.attrs;
      default = { };
    };
    sharedModules = mkOption {
      type = types.listOf types.raw;
      default = [ ];
    };
    users = mkOption {
      type = types.attrsOf home;
      default = { };
    };
  };
}
