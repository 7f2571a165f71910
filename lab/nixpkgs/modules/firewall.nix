{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.networking.firewall;
  rules =
    let
      ports = mkOption {
        type = types.listOf types.port;
        default = [ ];
        apply = ports: lib.naturalSort (lib.unique ports);
      };
      ranges = mkOption {
        type = types.listOf (types.attrsOf types.port);
        default = [ ];
      };
    in
    {
      allowedTCPPorts = ports;
      allowedUDPPorts = ports;
      allowedTCPPortRanges = ranges;
      allowedUDPPortRanges = ranges;
    };
  interfaces = {
    default = cfg;
  }
  // cfg.interfaces;
  forAll = f: lib.concatMapAttrsStringSep "" f interfaces;
  portsOf =
    separator: protocol: rules:
    map toString rules."allowed${protocol}Ports"
    ++ map (r: "${toString r.from}${separator}${toString r.to}") rules."allowed${protocol}PortRanges";

  # As NixOS writes them, one line for each port.
  iptables = forAll (
    name: rules:
    lib.concatMapStrings
      (
        protocol:
        lib.concatMapStrings (port: ''
          ip46tables -A nixos-fw -p ${lib.toLower protocol} --dport ${port} -j nixos-fw-accept ${
            lib.optionalString (name != "default") "-i ${name}"
          }
        '') (portsOf ":" protocol rules)
      )
      [
        "TCP"
        "UDP"
      ]
  );
  nftables = forAll (
    name: rules:
    lib.concatMapStrings
      (
        protocol:
        let
          ports = portsOf "-" protocol rules;
        in
        lib.optionalString (ports != [ ]) ''
          ${lib.optionalString (name != "default") "iifname ${name}"} ${lib.toLower protocol} dport { ${lib.concatStringsSep ", " ports} } accept
        ''
      )
      [
        "TCP"
        "UDP"
      ]
  );
  trusted = lib.concatMapStringsSep ", " (name: ''"${name}"'') cfg.trustedInterfaces;
  startScript = pkgs.writeScriptBin "firewall-start" ''
    #! ${pkgs.runtimeShell} -e
    ip46tables -N nixos-fw
    ${lib.concatMapStrings (name: ''
      ip46tables -A nixos-fw -i ${name} -j nixos-fw-accept
    '') cfg.trustedInterfaces}
    ip46tables -A nixos-fw -m conntrack --ctstate ESTABLISHED,RELATED -j nixos-fw-accept
    ${iptables}
    ${cfg.extraCommands}
    ip46tables -A nixos-fw -j nixos-fw-log-refuse
    ip46tables -A INPUT -j nixos-fw
  '';
  ruleset = pkgs.writeScript "nftables-rules" ''
    #! /usr/sbin/nft -f
    table inet nixos-fw {
      chain input {
        type filter hook input priority filter; policy drop;
        ${lib.optionalString (trusted != "") ''iifname { ${trusted} } accept comment "trusted interfaces"''}
        ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow }
      }
      chain input-allow {
        ${nftables}
        ${cfg.extraInputRules}
      }
    }
  '';
  # Written, so that a plan can show what changes; wanted by nobody, so that no lab machine is cut off.
  unit = description: start: {
    inherit description;
    reloadIfChanged = true;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = start;
    };
  };
in
{
  options.networking.nftables.enable = lib.mkEnableOption "nftables";
  options.networking.firewall = rules // {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    allowPing = mkOption {
      type = types.bool;
      default = true;
    };
    trustedInterfaces = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    extraCommands = mkOption {
      type = types.lines;
      default = "";
    };
    extraInputRules = mkOption {
      type = types.lines;
      default = "";
    };
    interfaces = mkOption {
      type = types.attrsOf (types.submodule { options = rules; });
      default = { };
    };
  };
  config.systemd.services = lib.mkIf cfg.enable (
    if config.networking.nftables.enable then
      { nftables = unit "nftables firewall" ruleset; }
    else
      { firewall = unit "Firewall" "@${startScript}/bin/firewall-start firewall-start"; }
  );
}
