# Called once for each host that the service runs on; what comes back is an ordinary NixOS module.
{
  settings,
  roles,
  this,
  service,
  lib,
  ...
}:
{ pkgs, ... }:
let
  isBroker = lib.elem "broker" this.roles;
  slots = this.settings.slots or 1;
in
{
  environment.etc."queue/greeting".text = settings.greeting;
  environment.etc."queue/peers".text = lib.concatMapStrings (host: ''
    ${host.fqdn} ${host.primaryIp} ${toString (host.settings.priority or 0)}
  '') roles.broker;

  systemd.services = {
    queue-broker = lib.mkIf isBroker {
      description = "Broker of ${service.fqdn}, owned by the ${service.data.owner}";
      wantedBy = [ "multi-user.target" ];
      serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
    };
    queue-worker = lib.mkIf (!isBroker) {
      description = "Works for ${settings.connect}";
      wantedBy = [ "multi-user.target" ];
      environment.SLOTS = toString slots;
      serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
    };
  };

  networking.firewall.interfaces.eth0.allowedTCPPorts = lib.optional isBroker settings.port;
  networking.firewall.extraCommands = lib.mkIf isBroker (
    lib.concatMapStrings (host: ''
      iptables -A nixos-fw -s ${host.primaryIp} -p tcp --dport ${toString settings.port} -j nixos-fw-accept
    '') roles.monitor
  );
}
