{
  settings,
  this,
  lib,
  ...
}:
{
  services.nginx.enable = true;
  environment.etc."web/backends".text = lib.concatLines (settings.databases ++ settings.caches);
  environment.etc."web/channel".text = if lib.elem "canary" this.roles then "next" else "stable";
  networking.firewall.allowedTCPPorts = [ 443 ];
}
