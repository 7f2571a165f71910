{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.networking;
  addressOptions = bits: {
    address = mkOption { type = types.str; };
    prefixLength = mkOption { type = types.addCheck types.int (n: n >= 0 && n <= bits); };
  };
  addresses = bits: mkOption {
    type = types.listOf (types.submodule { options = addressOptions bits; });
    default = [ ];
  };
  routes = bits: mkOption {
    type = types.listOf (
      types.submodule {
        options = addressOptions bits // {
          via = mkOption {
            type = types.nullOr types.str;
            default = null;
          };
          type = mkOption {
            type = types.nullOr types.str;
            default = null;
          };
          options = mkOption {
            type = types.attrsOf types.str;
            default = { };
          };
        };
      }
    );
    default = [ ];
  };
  gateway = mkOption {
    default = null;
    type = types.nullOr (
      types.coercedTo types.str (address: { inherit address; }) (
        types.submodule {
          options = {
            address = mkOption { type = types.str; };
            interface = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
            metric = mkOption {
              type = types.nullOr types.int;
              default = null;
            };
            source = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
          };
        }
      )
    );
  };
  none = {
    ipv4.addresses = [ ];
    ipv6.addresses = [ ];
  };
  cidr = a: "${a.address}/${toString a.prefixLength}";
  addressesOf = i: map cidr (i.ipv4.addresses ++ i.ipv6.addresses);
  configured = lib.filter (i: addressesOf i != [ ]) (lib.attrValues cfg.interfaces);
  netdev = name: script: {
    description = "Interface ${name}";
    wantedBy = [ "multi-user.target" ];
    before = map (i: "network-addresses-${i.name}.service") configured;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    inherit script;
    postStop = "ip link del ${name} || true";
  };
  gateways = lib.filter (g: g != null) [
    cfg.defaultGateway
    cfg.defaultGateway6
  ];
in
{
  options.networking = {
    interfaces = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption {
                type = types.str;
                default = name;
              };
              useDHCP = mkOption {
                type = types.nullOr types.bool;
                default = null;
              };
              mtu = mkOption {
                type = types.nullOr types.int;
                default = null;
              };
              macAddress = mkOption {
                type = types.nullOr types.str;
                default = null;
              };
              virtual = mkOption {
                type = types.bool;
                default = false;
              };
              virtualType = mkOption {
                type = types.nullOr (types.enum [ "tun" "tap" ]);
                default = null;
              };
              tempAddress = mkOption {
                type = types.enum [ "default" "enabled" "disabled" ];
                default = "default";
              };
              wakeOnLan.enable = lib.mkEnableOption "wake on LAN";
              ipv4 = {
                addresses = addresses 32;
                routes = routes 32;
              };
              ipv6 = {
                addresses = addresses 128;
                routes = routes 128;
              };
            };
          }
        )
      );
    };
    defaultGateway = gateway;
    defaultGateway6 = gateway;
    useDHCP = mkOption {
      type = types.bool;
      default = true;
    };
    bridges = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            interfaces = mkOption { type = types.listOf types.str; };
            rstp = lib.mkEnableOption "rstp";
          };
        }
      );
    };
    bonds = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            interfaces = mkOption { type = types.listOf types.str; };
            driverOptions = mkOption {
              type = types.attrsOf types.str;
              default = { };
            };
          };
        }
      );
    };
    vlans = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            id = mkOption { type = types.int; };
            interface = mkOption { type = types.str; };
          };
        }
      );
    };
    macvlans = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            interface = mkOption { type = types.str; };
            mode = mkOption {
              type = types.nullOr types.str;
              default = null;
            };
          };
        }
      );
    };
  };

  config.assertions =
    map (i: {
      assertion = lib.stringLength i.name < 16;
      message = ''The name of networking.interfaces."${i.name}" is longer than 15 characters.'';
    }) (lib.attrValues cfg.interfaces)
    ++ map (name: {
      assertion = addressesOf (cfg.interfaces.${name} or none) == [ ];
      message = ''networking.interfaces."${name}" is a member of another and has addresses of its own.'';
    }) (lib.concatMap (each: each.interfaces) (lib.attrValues cfg.bridges ++ lib.attrValues cfg.bonds));
  config.systemd.services = lib.mkMerge (
    map (i: {
      "network-addresses-${i.name}" = {
        description = "Address configuration of ${i.name}";
        wantedBy = [ "multi-user.target" ];
        before = [ "network-setup.service" "network.target" ];
        stopIfChanged = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          ExecStart = "${pkgs.runtimeShell} ${../system/network-addresses.sh} start ${i.name} ${lib.escapeShellArgs (addressesOf i)}";
          ExecStop = "${pkgs.runtimeShell} ${../system/network-addresses.sh} stop ${i.name}";
        };
      };
    }) configured
    ++ lib.optional (gateways != [ ]) {
      network-setup = {
        description = "Networking Setup";
        wantedBy = [ "multi-user.target" ];
        after = map (i: "network-addresses-${i.name}.service") configured;
        before = [ "network.target" ];
        stopIfChanged = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        restartTriggers = lib.concatMap addressesOf configured;
        script = lib.concatMapStrings (
          g:
          let
            ip = if lib.hasInfix ":" g.address then "ip -6" else "ip -4";
            device = lib.optionalString (g.interface != null) " dev ${g.interface}";
          in
          ''
            ${ip} route show default via ${g.address}${device} | grep -q . ||
              ${ip} route replace default via ${g.address}${device}${
                lib.optionalString (g.metric != null) " metric ${toString g.metric}"
              }
          ''
        ) gateways;
      };
    }
    ++ lib.mapAttrsToList (name: bridge: {
      "${name}-netdev" = netdev name ''
        ip link show ${name} >/dev/null 2>&1 || ip link add name ${name} type bridge
        ${lib.concatMapStrings (port: "ip link set ${port} master ${name}\n") bridge.interfaces}
        ip link set ${name} up
      '';
    }) cfg.bridges
    ++ lib.mapAttrsToList (name: vlan: {
      "${name}-netdev" = netdev name ''
        ip link show ${name} >/dev/null 2>&1 || ip link add link ${vlan.interface} name ${name} type vlan id ${toString vlan.id}
        ip link set ${name} up
      '';
    }) cfg.vlans
    ++ lib.mapAttrsToList (name: bond: {
      "${name}-netdev" = netdev name ''
        ip link show ${name} >/dev/null 2>&1 || ip link add name ${name} type bond ${
          lib.concatMapAttrsStringSep " " (key: value: "${key} ${value}") bond.driverOptions
        }
        ${lib.concatMapStrings (port: "ip link set ${port} down; ip link set ${port} master ${name}\n") bond.interfaces}
        ip link set ${name} up
      '';
    }) cfg.bonds
  );
}
