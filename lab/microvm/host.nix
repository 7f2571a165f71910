{
  config,
  lib,
  pkgs,
  modulesPath,
  ...
}:
let
  inherit (lib) mkOption types;

  machine =
    { name, config, ... }:
    {
      options = {
        config = mkOption {
          default = null;
          type = types.nullOr (
            lib.mkOptionType {
              name = "Toplevel NixOS config";
              merge =
                _: defs:
                lib.evalModules {
                  class = "nixos";
                  specialArgs = {
                    inherit modulesPath;
                  }
                  // config.specialArgs;
                  modules =
                    import modulesPath
                    ++ [
                      ./guest.nix
                      {
                        networking.hostName = lib.mkDefault name;
                        nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform;
                      }
                    ]
                    ++ map (definition: definition.value) defs;
                };
            }
          );
        };
        autostart = mkOption {
          type = types.bool;
          default = true;
        };
        restartIfChanged = mkOption {
          type = types.bool;
          default = config.config != null;
        };
        specialArgs = mkOption {
          type = types.attrsOf types.unspecified;
          default = { };
        };
      };
    };
in
{
  options.microvm = {
    vms = mkOption {
      type = types.attrsOf (types.submodule machine);
      default = { };
    };
    stateDir = mkOption {
      type = types.path;
      default = "/var/lib/microvms";
    };
  };
  # Shown, so that a change of a virtual machine is a change of its machine.
  config.environment.etc = lib.mapAttrs' (
    name: vm:
    lib.nameValuePair "microvms/${name}" { text = "${vm.config.config.system.build.toplevel}"; }
  ) config.microvm.vms;
}
