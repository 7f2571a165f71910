{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    time.timeZone = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    i18n.defaultLocale = mkOption {
      type = types.str;
      default = "en_US.UTF-8";
    };
    i18n.extraLocaleSettings = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    i18n.supportedLocales = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    console = {
      keyMap = mkOption {
        type = types.either types.str types.path;
        default = "us";
      };
      font = mkOption {
        type = types.nullOr (types.either types.str types.path);
        default = null;
      };
      enable = mkOption {
        type = types.bool;
        default = true;
      };
    };
  };
  config.environment.etc = {
    "locale.conf".text = "LANG=${config.i18n.defaultLocale}\n";
    "vconsole.conf".text = "KEYMAP=${toString config.console.keyMap}\n";
    timezone = lib.mkIf (config.time.timeZone != null) { text = config.time.timeZone + "\n"; };
    localtime = lib.mkIf (config.time.timeZone != null) {
      source = "/usr/share/zoneinfo/${config.time.timeZone}";
    };
  };
}
