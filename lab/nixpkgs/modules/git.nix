{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.programs.git;
in
{
  options.programs.git = {
    enable = lib.mkEnableOption "git";
    package = mkOption {
      type = types.package;
      default = pkgs.git;
    };
    config = mkOption {
      type = types.attrsOf (types.attrsOf types.anything);
      default = { };
    };
  };
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc.gitconfig.text = lib.generators.toINI { listsAsDuplicateKeys = true; } cfg.config;
  };
}
