{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  hostPkgs = pkgs;
  nullable =
    type:
    mkOption {
      type = types.nullOr type;
      default = null;
    };
  flag =
    default:
    mkOption {
      type = types.bool;
      inherit default;
    };
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  listOfSets =
    options:
    mkOption {
      type = types.listOf (types.submodule { inherit options; });
      default = [ ];
    };

  # A container's own evaluation; its platform is the machine's.
  inner =
    name: specialArgs: loc: defs:
    (lib.evalModules {
      class = "nixos";
      specialArgs = {
        modulesPath = toString ./.;
      }
      // specialArgs;
      prefix = loc;
      modules =
        import ./.
        ++ [
          {
            _file = "containers.nix";
            boot.isNspawnContainer = true;
            networking.hostName = lib.mkDefault name;
            networking.useDHCP = false;
            nixpkgs.hostPlatform = hostPkgs.stdenv.hostPlatform;
          }
        ]
        ++ map (d: lib.setDefaultModuleLocation d.file d.value) defs;
    }).config;

  network = {
    hostBridge = nullable types.str;
    hostAddress = nullable types.str;
    hostAddress6 = nullable types.str;
    localAddress = nullable types.str;
    localAddress6 = nullable types.str;
    localMacAddress = nullable (types.strMatching "([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}");
    forwardPorts = listOfSets {
      protocol = mkOption {
        type = types.str;
        default = "tcp";
      };
      hostPort = mkOption { type = types.port; };
      containerPort = nullable types.port;
    };
  };

  bindMount =
    { name, ... }:
    {
      options = {
        mountPoint = mkOption { type = types.str; };
        hostPath = nullable types.str;
        isReadOnly = flag true;
      };
      config.mountPoint = lib.mkDefault name;
    };

  container =
    {
      name,
      config,
      options,
      ...
    }:
    {
      options = network // {
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
        additionalCapabilities = strings;
        allowedDevices = listOfSets {
          node = mkOption { type = types.str; };
          modifier = mkOption { type = types.str; };
        };
        autoStart = flag false;
        bindMounts = mkOption {
          type = types.attrsOf (types.submodule bindMount);
          default = { };
        };
        copyResolvConf = flag true;
        enableTun = flag false;
        ephemeral = flag false;
        extraFlags = strings;
        extraVeths = mkOption {
          type = types.attrsOf (types.submodule { options = network; });
          default = { };
        };
        flake = nullable types.str;
        interfaces = strings;
        macvlans = strings;
        networkNamespace = nullable types.path;
        privateNetwork = flag false;
        privateUsers = mkOption {
          type = types.either types.ints.u32 (
            types.enum [
              "no"
              "identity"
              "pick"
            ]
          );
          default = "no";
        };
        restartIfChanged = flag true;
        timeoutStartSec = mkOption {
          type = types.str;
          default = "1min";
        };
        tmpfs = strings;
      };
      config.path = lib.mkIf options.config.isDefined config.config.system.build.toplevel;
    };
in
{
  options.boot.isNspawnContainer = flag false;
  options.boot.enableContainers = flag (config.containers != { });
  options.containers = mkOption {
    default = { };
    type = types.attrsOf (types.submodule container);
  };
  # Written as NixOS writes it, so that a plan can show what the switch would do; nothing wants it here.
  config.systemd.services = lib.mapAttrs' (
    name: container:
    lib.nameValuePair "container@${name}" {
      description = "Container '%i'";
      environment.INSTANCE = "%i";
      script = "exec systemd-nspawn --machine=\"$INSTANCE\"";
      restartIfChanged = container.autoStart && container.restartIfChanged;
      wantedBy = lib.optional container.autoStart "machines.target";
      restartTriggers = lib.optionals container.autoStart [
        container.path
        config.environment.etc."nixos-containers/${name}.conf".source
      ];
    }
  ) config.containers;
  # Shown as NixOS shows them, so that a change of a container is a change of its machine; not run.
  config.environment.etc = lib.mapAttrs' (
    name: container:
    lib.nameValuePair "nixos-containers/${name}.conf" {
      text = ''
        SYSTEM_PATH=${container.path}
        PRIVATE_NETWORK=${if container.privateNetwork then "1" else "0"}
        HOST_BRIDGE=${toString container.hostBridge}
        HOST_ADDRESS=${toString container.hostAddress}
        LOCAL_ADDRESS=${toString container.localAddress}
        MACVLANS="${toString container.macvlans}"
        AUTO_START=${if container.autoStart then "1" else "0"}
      '';
    }
  ) config.containers;
}
