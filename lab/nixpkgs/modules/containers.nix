{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  hostPkgs = pkgs;
  nullable = type: mkOption {
    type = types.nullOr type;
    default = null;
  };
  flag = default: mkOption {
    type = types.bool;
    inherit default;
  };
  inner =
    name: specialArgs: loc: defs:
    (lib.evalModules {
      class = "nixos";
      specialArgs = { modulesPath = toString ./.; } // specialArgs;
      prefix = loc;
      modules = import ./. ++ [
        {
          _file = "containers.nix";
          boot.isContainer = true;
          networking.hostName = lib.mkDefault name;
          networking.useDHCP = false;
          nixpkgs.hostPlatform = lib.mkDefault hostPkgs.stdenv.hostPlatform.system;
        }
      ] ++ map (d: lib.setDefaultModuleLocation d.file d.value) defs;
    }).config;
in
{
  options.containers = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule (
        { name, config, ... }:
        {
          options = {
            config = mkOption {
              type = lib.mkOptionType {
                name = "Toplevel NixOS config";
                merge = inner name config.specialArgs;
              };
            };
            path = mkOption { type = types.path; };
            specialArgs = mkOption {
              type = types.attrsOf types.unspecified;
              default = { };
            };
            autoStart = flag false;
            ephemeral = flag false;
            privateNetwork = flag false;
            restartIfChanged = flag true;
            enableTun = flag false;
            hostBridge = nullable types.str;
            hostAddress = nullable types.str;
            hostAddress6 = nullable types.str;
            localAddress = nullable types.str;
            localAddress6 = nullable types.str;
            macvlans = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
            interfaces = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
            extraVeths = mkOption {
              type = types.attrsOf types.anything;
              default = { };
            };
            forwardPorts = mkOption {
              type = types.listOf types.anything;
              default = [ ];
            };
            allowedDevices = mkOption {
              type = types.listOf types.anything;
              default = [ ];
            };
            additionalCapabilities = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
            extraFlags = mkOption {
              type = types.listOf types.str;
              default = [ ];
            };
            timeoutStartSec = mkOption {
              type = types.str;
              default = "1min";
            };
            bindMounts = mkOption {
              default = { };
              type = types.attrsOf (
                types.submodule (
                  { name, ... }:
                  {
                    options = {
                      mountPoint = mkOption {
                        type = types.str;
                        default = name;
                      };
                      hostPath = nullable types.str;
                      isReadOnly = flag true;
                    };
                  }
                )
              );
            };
          };
          config.path = lib.mkDefault config.config.system.build.toplevel;
        }
      )
    );
  };
  # Shown as NixOS shows them, so that a change of a container is a change of its machine; not run.
  config.environment.etc = lib.mapAttrs' (
    name: container:
    lib.nameValuePair "nixos-containers/${name}.conf" {
      text = ''
        SYSTEM_PATH=${container.path}
        PRIVATE_NETWORK=${if container.privateNetwork then "1" else "0"}
        HOST_BRIDGE=${toString container.hostBridge}
        LOCAL_ADDRESS=${toString container.localAddress}
        AUTO_START=${if container.autoStart then "1" else "0"}
      '';
    }
  ) config.containers;
}
