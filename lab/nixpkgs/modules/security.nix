{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.security = {
    sudo = {
      enable = mkOption {
        type = types.bool;
        default = true;
      };
      wheelNeedsPassword = mkOption {
        type = types.bool;
        default = true;
      };
      execWheelOnly = lib.mkEnableOption "sudo for wheel only";
      extraRules = mkOption {
        type = types.listOf types.anything;
        default = [ ];
      };
      extraConfig = mkOption {
        type = types.lines;
        default = "";
      };
    };
    pki.certificateFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
    pki.certificates = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    acme.acceptTerms = lib.mkEnableOption "the terms";
    acme.defaults = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    acme.certs = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    polkit.enable = lib.mkEnableOption "polkit";
  };
}
