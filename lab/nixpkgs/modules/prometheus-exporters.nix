# The node exporter, declared and evaluated: nothing runs.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.prometheus.exporters.node;
  texts = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  text =
    default:
    mkOption {
      type = types.str;
      inherit default;
    };
  node =
    { config, ... }:
    {
      options = {
        enable = lib.mkEnableOption "the prometheus node exporter";
        port = mkOption {
          type = types.port;
          default = 9100;
        };
        listenAddress = text "0.0.0.0";
        extraFlags = texts;
        openFirewall = mkOption {
          type = types.bool;
          default = false;
        };
        firewallFilter = mkOption {
          type = types.nullOr types.str;
          default = null;
        };
        firewallRules = mkOption {
          type = types.nullOr types.lines;
          default = null;
        };
        user = text "node-exporter";
        group = text "node-exporter";
        enabledCollectors = texts;
        disabledCollectors = texts;
      };
      config = lib.mkIf config.openFirewall {
        firewallFilter = lib.mkDefault "-p tcp -m tcp --dport ${toString config.port}";
        firewallRules = lib.mkDefault "tcp dport ${toString config.port} accept";
      };
    };
in
{
  options.services.prometheus.exporters = mkOption {
    type = types.submodule {
      options.node = mkOption {
        type = types.submodule node;
        default = { };
      };
    };
    default = { };
  };
  config.networking.firewall = lib.mkIf (cfg.enable && cfg.openFirewall) {
    extraCommands = lib.mkIf (!config.networking.nftables.enable) "ip46tables -A nixos-fw ${cfg.firewallFilter} -j nixos-fw-accept";
    extraInputRules = lib.mkIf config.networking.nftables.enable cfg.firewallRules;
  };
}
