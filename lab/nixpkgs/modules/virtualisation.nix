{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.virtualisation = mkOption {
    default = { };
    type = types.submodule {
      freeformType = types.attrsOf types.anything;
      options.oci-containers = {
        backend = mkOption {
          type = types.enum [ "podman" "docker" ];
          default = "podman";
        };
        containers = mkOption {
          default = { };
          type = types.attrsOf (
            types.submodule {
              freeformType = types.attrsOf types.anything;
              options.image = mkOption { type = types.str; };
            }
          );
        };
      };
    };
  };
}
