# `services.nixcluster`: the controller as a service of its own user, or its roles as three of them, with
# secrets that systemd hands over.
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

  # Every file of a secret in the settings, by the name of the credential that it becomes.
  secretFiles =
    lib.filterAttrs (_: file: file != null) {
      machines-key = settings.ssh.identityFile;
      redis-password = settings.redis.passwordFile;
    }
    // webhookSecrets
    // forgeSecrets;
  webhookSecrets = lib.listToAttrs (
    map ({ name, secretFile, ... }: lib.nameValuePair "${name}-secret" secretFile) settings.repositories
  );
  forgeSecrets = lib.filterAttrs (_: file: file != null) (
    lib.listToAttrs (
      lib.concatMap (
        {
          name,
          tokenFile,
          app,
          ...
        }:
        [
          (lib.nameValuePair "${name}-token" tokenFile)
          (lib.nameValuePair "${name}-app-key" (app.privateKeyFile or null))
        ]
      ) settings.repositories
    )
  );
  redisSecrets = builtins.intersectAttrs { redis-password = null; } secretFiles;

  # The units; what plan may do at a forge is for its own secrets to say, so it gets no other.
  services =
    if cfg.roles.apart then
      {
        nixcluster-webhook = {
          arguments = "--role webhook";
          inherit (settings.listen) port;
          secrets = webhookSecrets // redisSecrets;
        };
        nixcluster-plan = {
          arguments = "--role plan";
          inherit (cfg.roles.plan) port;
          secrets = cfg.roles.plan.credentials // redisSecrets;
          repositories = "BindReadOnlyPaths";
        };
        nixcluster-deploy = {
          arguments = "--role deploy";
          inherit (cfg.roles.deploy) port;
          secrets = secretFiles;
          repositories = "BindPaths";
        };
      }
    else
      {
        nixcluster = {
          arguments = "";
          inherit (settings.listen) port;
          secrets = secretFiles;
          repositories = "BindPaths";
        };
      };

  # The settings as one unit reads them, each secret's file where systemd puts it.
  settingsOf =
    unit:
    { port, secrets, ... }:
    let
      at = id: "/run/credentials/${unit}.service/${id}";
      ifHere = id: if secrets ? ${id} then at id else null;
      isPlan = unit == "nixcluster-plan";
    in
    settings
    // {
      listen = settings.listen // {
        inherit port;
      };
      stateDir = "/var/lib/${unit}";
      ssh.identityFile = ifHere "machines-key";
      redis = {
        url = if hasOwnRedis then "unix://${redisServer.unixSocket}" else settings.redis.url;
        passwordFile = ifHere "redis-password";
      };
      repositories = map (
        repository:
        let
          inherit (repository) name tokenFile app;
          hasToken = if isPlan then secrets ? "${name}-token" else tokenFile != null;
        in
        repository
        // {
          # Those of other roles are named and not there: which forge needs what is the same for all.
          secretFile = at "${name}-secret";
          tokenFile = if hasToken then at "${name}-token" else null;
          app =
            if app == null || isPlan && hasToken then
              null
            else
              app // { privateKeyFile = at "${name}-app-key"; };
        }
      ) settings.repositories;
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
  fileOf =
    unit: service:
    pkgs.writeText "${unit}.yaml" (builtins.toJSON (withoutNull (settingsOf unit service)));

  localRepositories = lib.filter (lib.hasPrefix "/") (
    map ({ url, ... }: lib.removePrefix "file://" url) settings.repositories
  );

  hasOwnRedis = cfg.roles.apart && settings.redis.url == null;
  redisServer = config.services.redis.servers.nixcluster;

  serviceOf =
    unit:
    {
      arguments,
      secrets,
      repositories ? null,
      ...
    }@service:
    {
      description = "NixClusterConfig controller";
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "nix-daemon.socket"
      ]
      ++ lib.optional hasOwnRedis "redis-nixcluster.service";
      wantedBy = [ "multi-user.target" ];
      # The daemon's own Nix before the package's.
      path = [ config.nix.package ];
      environment.XDG_CACHE_HOME = "/var/cache/${unit}";
      serviceConfig = {
        User = unit;
        Group = "nixcluster";
        ExecStart = lib.concatStringsSep " " (
          [ "${lib.getExe cfg.package} serve" ]
          ++ lib.optional (arguments != "") arguments
          ++ [ "--config ${fileOf unit service}" ]
        );
        StateDirectory = unit;
        StateDirectoryMode = "0700";
        CacheDirectory = unit;
        CacheDirectoryMode = "0700";
        LoadCredential = lib.mapAttrsToList (id: file: "${id}:${file}") secrets;
        Restart = "on-failure";
        RestartSec = 5;
        # An activation in progress is waited for: SIGTERM goes to the controller alone, and it takes its time.
        KillMode = "mixed";
        TimeoutStopSec = 330;

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
        # Git gives the folders of a repository that several accounts share the set-group-ID bit.
        RestrictSUIDSGID = repositories != "BindPaths" || localRepositories == [ ];
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
      // lib.optionalAttrs (repositories != null && localRepositories != [ ]) {
        # Wherever they are.
        ${repositories} = map (path: "-${path}") localRepositories;
      };
    };
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
    roles = {
      apart = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether webhooks, plans and deployments are three services of three users, each with the secrets
          that are its own. `settings.listen.port` is where webhooks, hooks and commands go to. Without
          `settings.redis.url` they share a Redis of this machine.
        '';
      };
      plan.port = mkOption {
        type = types.port;
        default = 8081;
        description = "Where `nixcluster-plan` tells health and metrics.";
      };
      plan.credentials = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          fleet-token = "/etc/nixcluster/fleet-read.token";
        };
        description = ''
          The files of the secrets of `nixcluster-plan`, which gets none of the settings': the token of each
          repository at a forge, `NAME-token`, or its App's key, `NAME-app-key`; and `machines-key`, where git
          needs a key to read. With the same ones as `nixcluster-deploy` has, nothing is gained.
        '';
      };
      deploy.port = mkOption {
        type = types.port;
        default = 8082;
        description = "Where `nixcluster-deploy` tells health, metrics and the logs of machines.";
      };
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
    ++ lib.concatMap (
      { secrets, ... }:
      lib.mapAttrsToList (id: file: {
        assertion = lib.hasPrefix "/" file && !lib.hasPrefix builtins.storeDir file;
        message = "services.nixcluster: the file of ${id} is named '${file}'; it is to be an absolute path outside the Nix store, which everybody may read";
      }) secrets
    ) (lib.attrValues services)
    ++ lib.optionals cfg.roles.apart (
      map (
        { name, forge, ... }:
        {
          assertion =
            forge == "git"
            || cfg.roles.plan.credentials ? "${name}-token"
            || cfg.roles.plan.credentials ? "${name}-app-key";
          message = "services.nixcluster.roles.plan.credentials has no ${name}-token: name the file of a token that may read and comment";
        }
      ) settings.repositories
    );

    environment.systemPackages = [ cfg.package ];
    # For `nixcluster doctor`; a service names its file in the store, so that it is restarted with it.
    environment.etc = lib.mapAttrs' (
      unit: service:
      lib.nameValuePair "nixcluster/${
        if unit == "nixcluster" then "controller" else lib.removePrefix "nixcluster-" unit
      }.yaml" { source = fileOf unit service; }
    ) services;

    users.users = lib.mapAttrs (unit: _: {
      isSystemUser = true;
      group = "nixcluster";
      extraGroups = lib.optional hasOwnRedis redisServer.user;
      # Of ssh's known_hosts for git; systemd makes it.
      home = "/var/lib/${unit}";
    }) services;
    users.groups.nixcluster = { };

    services.redis.servers = lib.mkIf hasOwnRedis {
      nixcluster = {
        enable = true;
        unixSocketPerm = 660;
        # Nothing in it has to last.
        save = [ ];
      };
    };

    systemd.services = lib.mapAttrs serviceOf services;
  };
}
