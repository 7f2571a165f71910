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
  # As microvm.nix writes them, so that a plan can show what changes; nothing wants them here.
  config.systemd.services = lib.concatMapAttrs (
    name: vm:
    let
      inherit (vm.config.config.system.build) toplevel;
    in
    {
      "install-microvm-${name}" = {
        description = "Install MicroVM '${name}'";
        serviceConfig.Type = "oneshot";
        script = ''
          mkdir -p ${config.microvm.stateDir}/${name}
          cd ${config.microvm.stateDir}/${name}
          ln -sTf ${toplevel} toplevel
        '';
      };
      "microvm@${name}" = {
        description = "MicroVM '%i'";
        serviceConfig.X-RestartIfChanged = vm.restartIfChanged;
        serviceConfig.ExecStart = "${config.microvm.stateDir}/%i/current/bin/microvm-run";
        restartTriggers = [ toplevel ];
      };
    }
  ) config.microvm.vms;
}
