{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.systemd;
  unitNames = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  atom = types.oneOf [
    types.bool
    types.int
    types.float
    types.path
    types.package
    types.str
  ];
  # A key of a section: one value, or a list, which is a line for each.
  section = mkOption {
    default = { };
    type = types.attrsOf (types.nullOr (types.either (types.listOf atom) atom));
  };
  lines = mkOption {
    type = types.lines;
    default = "";
  };
  relations = {
    wantedBy = [ ];
    requiredBy = [ ];
    upheldBy = [ ];
  };
  unitOptions = {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    overrideStrategy = mkOption {
      type = types.enum [ "asDropinIfExists" "asDropin" ];
      default = "asDropinIfExists";
    };
    description = mkOption {
      type = types.singleLineStr;
      default = "";
    };
    documentation = unitNames;
    unitConfig = section;
    onFailure = unitNames;
    onSuccess = unitNames;
    aliases = unitNames;
    startLimitBurst = mkOption {
      type = types.nullOr types.int;
      default = null;
    };
    startLimitIntervalSec = mkOption {
      type = types.nullOr types.int;
      default = null;
    };
    restartTriggers = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
    reloadTriggers = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
  }
  // lib.genAttrs [
    "requires"
    "wants"
    "upholds"
    "after"
    "before"
    "bindsTo"
    "partOf"
    "conflicts"
    "requisite"
    "wantedBy"
    "requiredBy"
    "upheldBy"
  ] (_: unitNames);
  serviceOptions = {
    environment = mkOption {
      default = { };
      type = types.attrsOf (
        types.nullOr (
          types.oneOf [
            types.str
            types.path
            types.package
          ]
        )
      );
    };
    path = mkOption {
      default = [ ];
      type = types.listOf (
        types.oneOf [
          types.package
          types.str
        ]
      );
    };
    serviceConfig = section;
    script = lines;
    scriptArgs = mkOption {
      type = types.str;
      default = "";
    };
    preStart = lines;
    postStart = lines;
    reload = lines;
    preStop = lines;
    postStop = lines;
    enableStrictShellChecks = mkOption {
      type = types.bool;
      default = false;
    };
    restartIfChanged = mkOption {
      type = types.bool;
      default = true;
    };
    reloadIfChanged = mkOption {
      type = types.bool;
      default = false;
    };
    stopIfChanged = mkOption {
      type = types.bool;
      default = true;
    };
    notSocketActivated = mkOption {
      type = types.bool;
      default = false;
    };
    startAt = mkOption {
      type = types.coercedTo types.str lib.singleton (types.listOf types.str);
      default = [ ];
    };
  };
  units = more: mkOption {
    default = { };
    type = types.attrsOf (types.submodule { options = unitOptions // more; });
  };

  value = v: if builtins.isBool v then lib.boolToString v else toString v;
  sectionText =
    name: settings:
    let
      lines = lib.concatLists (
        lib.mapAttrsToList (
          key: given: map (v: "${key}=${value v}\n") (if given == null then [ ] else lib.toList given)
        ) settings
      );
    in
    lib.optionalString (lines != [ ]) "[${name}]\n${lib.concatStrings lines}\n";
  triggers = name: list: pkgs.textFile name (lib.concatMapStrings (t: "${value' t}\n") list);
  value' = t: if lib.strings.isStringLike t then "${t}" else builtins.toJSON t;

  unitSection =
    name: unit:
    lib.optionalAttrs (unit.description != "") { Description = unit.description; }
    // lib.filterAttrs (_: v: v != "") (
      lib.mapAttrs (_: toString) {
        Requires = unit.requires;
        Wants = unit.wants;
        Upholds = unit.upholds;
        After = unit.after;
        Before = unit.before;
        BindsTo = unit.bindsTo;
        PartOf = unit.partOf;
        Conflicts = unit.conflicts;
        Requisite = unit.requisite;
        Documentation = unit.documentation;
        OnFailure = unit.onFailure;
        OnSuccess = unit.onSuccess;
      }
    )
    // lib.optionalAttrs (unit.startLimitBurst != null) { StartLimitBurst = unit.startLimitBurst; }
    // lib.optionalAttrs (unit.startLimitIntervalSec != null) {
      StartLimitIntervalSec = unit.startLimitIntervalSec;
    }
    // lib.optionalAttrs (unit.restartTriggers != [ ]) {
      X-Restart-Triggers = triggers "X-Restart-Triggers-${name}" unit.restartTriggers;
    }
    // lib.optionalAttrs (unit.reloadTriggers != [ ]) {
      X-Reload-Triggers = triggers "X-Reload-Triggers-${name}" unit.reloadTriggers;
    }
    // unit.unitConfig;

  script =
    name: part: text: args:
    lib.optionalAttrs (text != "") {
      ${part} = "${pkgs.writeShellScript "unit-script-${name}-${lib.toLower (lib.removePrefix "Exec" part)}" "set -e\n${text}"}${
        lib.optionalString (args != "") " ${args}"
      }";
    };
  serviceText =
    name: service:
    let
      own =
        script name "ExecStartPre" service.preStart ""
        // script name "ExecStart" service.script service.scriptArgs
        // script name "ExecStartPost" service.postStart ""
        // script name "ExecReload" service.reload ""
        // script name "ExecStop" service.preStop ""
        // script name "ExecStopPost" service.postStop "";
      environment = {
        PATH = lib.concatStringsSep ":" (
          map (p: "${p}/bin") service.path
          ++ [ "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ]
        );
      }
      // lib.filterAttrs (_: v: v != null) service.environment;
      both = key: lib.toList (own.${key} or [ ]) ++ lib.toList (service.serviceConfig.${key} or [ ]);
    in
    sectionText "Unit" (unitSection name service)
    + sectionText "Service" (
      {
        Environment = lib.mapAttrsToList (k: v: builtins.toJSON "${k}=${v}") environment;
      }
      // lib.optionalAttrs service.reloadIfChanged { X-ReloadIfChanged = true; }
      // lib.optionalAttrs (!service.restartIfChanged) { X-RestartIfChanged = false; }
      // lib.optionalAttrs (!service.stopIfChanged) { X-StopIfChanged = false; }
      // service.serviceConfig
      // lib.mapAttrs (key: _: both key) own
    );

  toUnit = text: suffix: name: unit: {
    name = "${name}.${suffix}";
    value = {
      inherit (unit)
        enable
        wantedBy
        requiredBy
        upheldBy
        aliases
        ;
      text = text name unit;
    };
  };
  plainText =
    header: key: name: unit:
    sectionText "Unit" (unitSection name unit) + sectionText header (unit.${key} or { });

  # Links into the folder of /etc; `systemd/system` is shared with the machine's own units.
  entries =
    name: unit:
    {
      "systemd/system/${name}".source =
        if unit.enable then pkgs.textFile "unit-${lib.replaceStrings [ "@" ] [ "-" ] name}" unit.text else "/dev/null";
    }
    // lib.optionalAttrs unit.enable (
      lib.listToAttrs (
        lib.concatMap
          (
            relation:
            map (target: lib.nameValuePair "systemd/system/${target}.${relation.folder}/${name}" { source = "../${name}"; }) unit.${relation.key}
          )
          [
            {
              key = "wantedBy";
              folder = "wants";
            }
            {
              key = "requiredBy";
              folder = "requires";
            }
            {
              key = "upheldBy";
              folder = "upholds";
            }
          ]
        ++ map (alias: lib.nameValuePair "systemd/system/${alias}" { source = name; }) unit.aliases
      )
    );
in
{
  options.systemd = {
    units = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            enable = mkOption {
              type = types.bool;
              default = true;
            };
            text = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
            wantedBy = unitNames;
            requiredBy = unitNames;
            upheldBy = unitNames;
            aliases = unitNames;
          };
        }
      );
    };
    package = mkOption {
      type = types.package;
      default = pkgs.systemd;
    };
    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    services = units serviceOptions;
    timers = units { timerConfig = section; };
    sockets = units {
      listenStreams = unitNames;
      listenDatagrams = unitNames;
      socketConfig = section;
    };
    targets = units { };
    paths = units { pathConfig = section; };
    slices = units { sliceConfig = section; };
    tmpfiles.rules = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    tmpfiles.settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    network = {
      enable = lib.mkEnableOption "systemd-networkd";
      links = mkOption {
        default = { };
        type = types.attrsOf (
          types.submodule {
            options = {
              enable = mkOption {
                type = types.bool;
                default = true;
              };
              matchConfig = section;
              linkConfig = section;
              extraConfig = lines;
            };
          }
        );
      };
      networks = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      netdevs = mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
    };
    extraConfig = lines;
    settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
  };

  config = {
    systemd.units = lib.mkMerge [
      (lib.mapAttrs' (toUnit serviceText "service") cfg.services)
      (lib.mapAttrs' (toUnit (plainText "Timer" "timerConfig") "timer") cfg.timers)
      (lib.mapAttrs' (
        toUnit (
          name: socket:
          plainText "Socket" "socketConfig" name (
            socket
            // {
              socketConfig = {
                ListenStream = socket.listenStreams;
                ListenDatagram = socket.listenDatagrams;
              }
              // socket.socketConfig;
            }
          )
        ) "socket"
      ) cfg.sockets)
      (lib.mapAttrs' (toUnit (plainText "Target" "targetConfig") "target") cfg.targets)
      (lib.mapAttrs' (toUnit (plainText "Path" "pathConfig") "path") cfg.paths)
      (lib.mapAttrs' (toUnit (plainText "Slice" "sliceConfig") "slice") cfg.slices)
    ];
    systemd.timers = lib.mapAttrs (_: service: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = service.startAt;
    }) (lib.filterAttrs (_: service: service.enable && service.startAt != [ ]) cfg.services);
    system.build.units = lib.concatMapAttrs entries cfg.units;
    environment.etc = lib.mkMerge [
      {
        "tmpfiles.d/00-nixos.conf" = lib.mkIf (cfg.tmpfiles.rules != [ ]) {
          text = lib.concatLines cfg.tmpfiles.rules;
        };
      }
      (lib.mapAttrs' (
        name: link:
        lib.nameValuePair "systemd/network/${name}.link" {
          inherit (link) enable;
          text = sectionText "Match" link.matchConfig + sectionText "Link" link.linkConfig + link.extraConfig;
        }
      ) cfg.network.links)
    ];
  };
}
