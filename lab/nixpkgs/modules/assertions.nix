{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    meta = mkOption {
      type = types.attrsOf types.unspecified;
      default = { };
    };
    lib = mkOption {
      type = types.attrsOf types.attrs;
      default = { };
    };
  };
}
