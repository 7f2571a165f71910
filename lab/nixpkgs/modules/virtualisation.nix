{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.virtualisation.oci-containers;
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
  texts = mkOption {
    type = types.attrsOf types.str;
    default = { };
  };

  container =
    { name, ... }:
    {
      options = {
        image = mkOption { type = types.str; };
        imageFile = nullable types.package;
        imageStream = nullable types.package;
        serviceName = mkOption {
          type = types.str;
          default = "${cfg.backend}-${name}";
        };
        login = {
          username = nullable types.str;
          passwordFile = nullable types.str;
          registry = nullable types.str;
        };
        autoRemoveOnStop = flag true;
        autoStart = flag true;
        capabilities = mkOption {
          type = types.lazyAttrsOf (types.nullOr types.bool);
          default = { };
        };
        cmd = strings;
        dependsOn = strings;
        devices = strings;
        entrypoint = nullable types.str;
        environment = texts;
        environmentFiles = mkOption {
          type = types.listOf types.path;
          default = [ ];
        };
        extraOptions = strings;
        hostname = nullable types.str;
        labels = texts;
        log-driver = mkOption {
          type = types.str;
          default = "journald";
        };
        networks = strings;
        podman = nullable (
          types.submodule {
            options = {
              sdnotify = mkOption {
                type = types.enum [
                  "conmon"
                  "healthy"
                  "container"
                ];
                default = "conmon";
              };
              user = mkOption {
                type = types.str;
                default = "root";
              };
            };
          }
        );
        ports = strings;
        preRunExtraOptions = strings;
        privileged = flag false;
        pull = mkOption {
          type = types.enum [
            "always"
            "missing"
            "never"
            "newer"
          ];
          default = "missing";
        };
        user = nullable types.str;
        volumes = strings;
        workdir = nullable types.str;
      };
    };
in
{
  options.virtualisation.oci-containers = {
    backend = mkOption {
      type = types.enum [
        "podman"
        "docker"
      ];
      default = "podman";
    };
    containers = mkOption {
      default = { };
      type = types.attrsOf (types.submodule container);
    };
  };
  # Shown, so that a change of a container is a change of its machine; not run.
  config.environment.etc = lib.mkIf (cfg.containers != { }) {
    "oci-containers.json".text = builtins.toJSON cfg.containers;
  };
}
