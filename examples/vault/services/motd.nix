# In the form of NixOs-ClusterConfig.
{
  clusterInfo,
  selectors,
  roles,
  this,
}:
{ lib, ... }:
{
  users.motd = ''
    ${this.machineName} in ${clusterInfo.fqdn}
    ${lib.concatMapStringsSep "\n" (host: "${host.machineName} ${toString (host.ips.eth0)}") roles.hosts}
  '';
}
