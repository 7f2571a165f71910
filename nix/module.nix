# `services.nixcluster`: the controller as a service of its own user, which gets its secrets from systemd.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.nixcluster;
  inherit (cfg) settings;

  # Every file of a secret in the settings: the credential that it becomes, and where it is now.
  secretsOf =
    {
      ssh,
      redis,
      repositories,
      ...
    }:
    lib.filter ({ file, ... }: file != null) (
      [
        {
          id = "machines-key";
          file = ssh.identityFile;
        }
        {
          id = "redis-password";
          file = redis.passwordFile;
        }
      ]
      ++ lib.concatMap (repository: [
        {
          id = "${repository.name}-secret";
          file = repository.secretFile;
        }
        {
          id = "${repository.name}-token";
          file = repository.tokenFile;
        }
        {
          id = "${repository.name}-app-key";
          file = repository.app.privateKeyFile or null;
        }
      ]) repositories
    );
  secrets = secretsOf settings;

  # The same settings, naming each of these files where systemd puts it.
  withCredentials =
    unit: given:
    let
      at = id: file: if file == null then null else "/run/credentials/${unit}.service/${id}";
    in
    given
    // {
      stateDir = "/var/lib/${unit}";
      ssh = given.ssh // {
        identityFile = at "machines-key" given.ssh.identityFile;
      };
      redis = given.redis // {
        passwordFile = at "redis-password" given.redis.passwordFile;
      };
      repositories = map (
        repository:
        repository
        // {
          secretFile = at "${repository.name}-secret" repository.secretFile;
          tokenFile = at "${repository.name}-token" repository.tokenFile;
        }
        // lib.optionalAttrs (repository.app != null) {
          app = repository.app // {
            privateKeyFile = at "${repository.name}-app-key" repository.app.privateKeyFile;
          };
        }
      ) given.repositories;
    };

  withoutNull =
    value:
    if builtins.isAttrs value then
      lib.mapAttrs (_: withoutNull) (lib.filterAttrs (_: each: each != null) value)
    else if builtins.isList value then
      map withoutNull value
    else
      value;

  # YAML, since all JSON is.
  configFile =
    unit: pkgs.writeText "${unit}.yaml" (builtins.toJSON (withoutNull (withCredentials unit settings)));

  localRepositories = lib.filter (lib.hasPrefix "/") (
    map ({ url, ... }: lib.removePrefix "file://" url) settings.repositories
  );
in
{
  options.services.nixcluster = {
    enable = lib.mkEnableOption "the controller of NixClusterConfig";
    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "nixcluster.packages.\${system}.default";
      description = "The package with the program.";
    };
    settings = mkOption {
      type = import ./settings.nix { inherit lib; };
      default = { };
      description = ''
        What `controller.yaml` would say, under the same names. Files of secrets are named where root has
        them, outside the store: the service gets each as a credential of systemd and sees no other.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = settings.repositories != [ ];
        message = "services.nixcluster.settings.repositories is empty: name at least one repository";
      }
      {
        assertion = lib.allUnique (map ({ name, ... }: name) settings.repositories);
        message = "services.nixcluster.settings.repositories has two of one name";
      }
      {
        assertion = settings.stateDir == "/var/lib/nixcluster";
        message = "services.nixcluster.settings.stateDir is systemd's StateDirectory: leave it as it is, or mount what you like at /var/lib/nixcluster";
      }
    ]
    ++ map (
      { id, file }:
      {
        assertion = lib.hasPrefix "/" file && !lib.hasPrefix builtins.storeDir file;
        message = "services.nixcluster.settings: the file of ${id} is named '${file}'; it is to be an absolute path outside the Nix store, which everybody may read";
      }
    ) secrets;

    environment.systemPackages = [ cfg.package ];

    users.users.nixcluster = {
      isSystemUser = true;
      group = "nixcluster";
      # Of ssh's known_hosts for git; systemd makes it.
      home = "/var/lib/nixcluster";
    };
    users.groups.nixcluster = { };

    systemd.services.nixcluster = {
      description = "NixClusterConfig controller";
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "nix-daemon.socket"
      ];
      wantedBy = [ "multi-user.target" ];
      # The daemon's own Nix before the package's.
      path = [ config.nix.package ];
      environment.XDG_CACHE_HOME = "/var/cache/nixcluster";
      serviceConfig = {
        User = "nixcluster";
        Group = "nixcluster";
        ExecStart = "${lib.getExe cfg.package} serve --config ${configFile "nixcluster"}";
        StateDirectory = "nixcluster";
        StateDirectoryMode = "0700";
        CacheDirectory = "nixcluster";
        CacheDirectoryMode = "0700";
        LoadCredential = map ({ id, file }: "${id}:${file}") secrets;
        Restart = "on-failure";
        RestartSec = 5;
        # An activation in progress is waited for: SIGTERM goes to the controller alone, and it takes its time.
        KillMode = "mixed";
        TimeoutStopSec = 330;

        # Repositories on this machine are written to, wherever they are.
        BindPaths = map (path: "-${path}") localRepositories;
        ProtectSystem = "strict";
        ProtectHome = "tmpfs";
        PrivateTmp = true;
        PrivateDevices = true;
        PrivateMounts = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        NoNewPrivileges = true;
        CapabilityBoundingSet = "";
        AmbientCapabilities = "";
        RestrictAddressFamilies = [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
          # Which addresses this machine has, so that names are looked up for those families.
          "AF_NETLINK"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        LockPersonality = true;
        RemoveIPC = true;
        KeyringMode = "private";
        UMask = "0077";
        SystemCallArchitectures = "native";
        # Node and Nix set limits of their own. Node compiles, so memory may be both written and executed.
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
        ];
        SystemCallErrorNumber = "EPERM";
      }
      # Git gives the folders of a repository that several accounts share the set-group-ID bit.
      // lib.optionalAttrs (localRepositories == [ ]) { RestrictSUIDSGID = true; };
    };
  };
}
