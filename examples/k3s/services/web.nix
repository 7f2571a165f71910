{
  settings,
  this,
  lib,
  ...
}:
{
  services.nginx.enable = true;
  environment.etc."web/servers".text = lib.concatLines settings.servers;
  environment.etc."web/runs-on".text = this.machine;
  networking.firewall.allowedTCPPorts = [ 80 ];
}
