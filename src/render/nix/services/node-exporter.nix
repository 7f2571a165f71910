# Runs Prometheus' node exporter.
#
# settings.port                 default: 9100
# settings.enabledCollectors    collectors beside those that are on by default: [ "systemd" ]
# settings.disabledCollectors   collectors to leave out
# settings.listenAddress        default: 0.0.0.0
# settings.extraFlags           further flags of the exporter
# settings.allowFrom            selectors, addresses or networks that the firewall lets in
# settings.openFirewall         true: the firewall lets everybody in; default: false
{ settings, lib, ... }:
{ config, ... }:
let
  port = toString config.services.prometheus.exporters.node.port;
  sources = lib.concatMap (source: if lib.isString source then [ source ] else source.ips.all) (
    settings.allowFrom or [ ]
  );
  families = lib.partition (lib.hasInfix ":") sources;
  ipv6 = families.right;
  ipv4 = families.wrong;
  isNftables = config.networking.nftables.enable;
  rule =
    command: list:
    lib.optionalString (list != [ ]) ''
      ${command} -A nixos-fw -p tcp -s ${lib.concatStringsSep "," list} --dport ${port} -j nixos-fw-accept
    '';
  nftablesRule =
    family: list:
    lib.optionalString (list != [ ]) ''
      ${family} saddr { ${lib.concatStringsSep ", " list} } tcp dport ${port} accept
    '';
in
{
  services.prometheus.exporters.node = removeAttrs settings [ "allowFrom" ] // {
    enable = true;
  };
  networking.firewall = lib.mkIf (sources != [ ]) {
    extraCommands = lib.mkIf (!isNftables) (rule "iptables" ipv4 + rule "ip6tables" ipv6);
    extraInputRules = lib.mkIf isNftables (nftablesRule "ip" ipv4 + nftablesRule "ip6" ipv6);
  };
}
