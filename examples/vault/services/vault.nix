# Vault with raft storage: every member joins the others.
{
  settings,
  roles,
  this,
  lib,
  ...
}:
let
  others = lib.filter (host: host.name != this.name) roles.storage;
  join = host: ''
    retry_join {
      leader_api_addr = "http://${host.primaryIp}:8200"
    }
  '';
in
{
  services.vault = {
    enable = true;
    address = "${this.primaryIp}:8200";
    storageBackend = "raft";
    storageConfig = ''
      node_id = "${this.hostName}"
    ''
    + lib.concatMapStrings join others;
    extraConfig = ''
      cluster_name = "${settings.clusterName}"
      api_addr = "${settings.apiAddress}"
      cluster_addr = "http://${this.primaryIp}:8201"
      ui = ${lib.boolToString settings.ui}
    '';
  };

  networking.firewall.allowedTCPPorts = [
    8200
    8201
  ];
}
