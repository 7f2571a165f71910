# On machines and inside of virtual hosts.
{ nixcluster, ... }:
{
  environment.etc."log/source".text = nixcluster.this.fqdn;
}
