# A k3s cluster. Role `server`: the control plane, its first host begins the cluster and the others join
# it; role `agent`: hosts that only run pods.
#
# settings.tokenFile      where each host has the cluster's token; needed for more than one host
# settings.clusterInit    embedded etcd; default: true where there are several servers
# settings.serverAddr     where hosts join, such as https://k3s.example.com:6443; default: the first server
# settings.interface      the interface whose address the hosts use; default: the primary one
# settings.disable        components to leave out: [ "traefik" ]
# settings.extraFlags     further flags, a list; a role's settings for a member may add more
# settings.openFirewall   the ports that members need of each other; default: true
{
  settings,
  roles,
  this,
  lib,
  ...
}:
let
  agents = roles.agent or [ ];
  first =
    if roles.server or [ ] == [ ] then
      throw "k3s: the role 'server' has no host"
    else
      lib.head roles.server;
  isServer = lib.elem "server" this.roles;
  isFirst = this.name == first.name;
  isAlone = agents == [ ] && lib.length roles.server == 1;
  clusterInit = settings.clusterInit or (lib.length roles.server > 1);

  addressOf =
    host:
    let
      ips = if settings ? interface then host.ips.${settings.interface} or [ ] else host.primaryIps;
    in
    if ips == [ ] then null else lib.head ips;
  own = addressOf this;
  reached = if addressOf first == null then first.fqdn else addressOf first;
  url = "https://${if lib.hasInfix ":" reached then "[${reached}]" else reached}:6443";
in
{
  services.k3s = {
    enable = true;
    role = if isServer then "server" else "agent";
    clusterInit = isServer && isFirst && clusterInit;
    serverAddr = lib.mkIf (!isFirst) (settings.serverAddr or url);
    tokenFile =
      settings.tokenFile or (
        if isAlone then
          null
        else
          throw "k3s: several hosts need a token: write settings: { tokenFile: /run/secrets/k3s }"
      );
    extraFlags =
      lib.optional (own != null) "--node-ip=${own}"
      ++ lib.optionals isServer (map (name: "--disable=${name}") (settings.disable or [ ]))
      ++ settings.extraFlags or [ ]
      ++ this.settings.extraFlags or [ ];
  };

  networking.firewall = lib.mkIf (settings.openFirewall or true) {
    allowedTCPPorts = [
      10250 # kubelet
    ]
    ++ lib.optional isServer 6443
    ++ lib.optionals (isServer && clusterInit) [
      2379 # etcd
      2380
    ];
    allowedUDPPorts = [
      8472 # flannel
    ];
  };
}
