{
  roles,
  this,
  lib,
  ...
}:
let
  primary = lib.head roles.primary;
in
{
  environment.etc."db/role".text =
    if this.name == primary.name then "primary" else "replica of ${primary.primaryIp}";
  networking.firewall.interfaces.eth0.allowedTCPPorts = [ 5432 ];
}
