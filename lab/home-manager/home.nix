{ lib, ... }:
let
  inherit (lib) mkEnableOption mkOption types;
in
{
  options = {
    home = {
      username = mkOption { type = types.str; };
      homeDirectory = mkOption { type = types.path; };
      stateVersion = mkOption { type = types.str; };
      packages = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      sessionVariables = mkOption {
        type = types.lazyAttrsOf (
          types.oneOf [
            types.str
            types.path
            types.int
            types.float
          ]
        );
        default = { };
      };
    };
    programs.git = {
      enable = mkEnableOption "git";
      userName = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
    };
  };
}
