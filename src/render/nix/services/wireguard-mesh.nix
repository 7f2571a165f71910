# Connects the service's hosts by WireGuard, each with each. Hosts of a role with `runs: false` are peers
# that are configured elsewhere.
#
# settings.interface             default: wg0
# settings.port                  UDP port; default: 51820
# settings.privateKeyFile        where each host has its private key; default: /etc/wireguard/<interface>.key
# settings.persistentKeepalive   seconds between signs of life, for hosts behind NAT
# settings.openFirewall          default: true
#
# Of each member, in its data below `wireguard` or in a role's settings for it:
#
# publicKey    `wg pubkey` of its private key
# addresses    its addresses in the mesh, as 10.100.0.1/24; default: those that its YAML gives to an
#              interface of that name (with `configure: false`, since WireGuard sets them)
# endpoint     where the others reach it; default: its primary address and its port; null: nowhere
# allowedIPs   further networks behind it
# port, privateKeyFile   other ones than the service's
{
  settings,
  selectors,
  roles,
  this,
  lib,
  ...
}:
let
  interface = settings.interface or "wg0";

  memberOf =
    host:
    let
      said = host.data.wireguard or { } // host.settings;
      addresses = said.addresses or host.interfaces.${interface}.addresses or [ ];
      port = said.port or settings.port or 51820;
      isInMesh = ip: lib.any (address: lib.hasPrefix "${ip}/" address) addresses;
      bracketed = ip: if lib.hasInfix ":" ip then "[${ip}]" else ip;
    in
    {
      inherit (host) name;
      inherit port;
      privateKeyFile =
        said.privateKeyFile or settings.privateKeyFile or "/etc/wireguard/${interface}.key";
      publicKey =
        said.publicKey
          or (throw "wireguard-mesh: ${host.name} has no public key; write data: { wireguard: { publicKey: … } }");
      addresses =
        if addresses != [ ] then
          addresses
        else
          throw "wireguard-mesh: ${host.name} has no address in the mesh; write interfaces: { ${interface}: { addresses: [10.100.0.1/24], configure: false } }";
      allowedIPs = said.allowedIPs or [ ];
      endpoint =
        said.endpoint or (
          if host.primaryIp == null || isInMesh host.primaryIp then
            null
          else
            "${bracketed host.primaryIp}:${toString port}"
        );
    };

  own = memberOf this;
  # Once each, whatever selects it.
  members = lib.listToAttrs (
    map (host: lib.nameValuePair host.name (memberOf host)) (
      selectors ++ lib.concatLists (lib.attrValues roles)
    )
  );
  toHostRoute =
    address:
    let
      ip = lib.head (lib.splitString "/" address);
    in
    "${ip}/${if lib.hasInfix ":" ip then "128" else "32"}";
in
{
  networking.wireguard.interfaces.${interface} = {
    ips = own.addresses;
    listenPort = own.port;
    inherit (own) privateKeyFile;
    peers = map (peer: {
      inherit (peer) publicKey endpoint;
      allowedIPs = map toHostRoute peer.addresses ++ peer.allowedIPs;
      persistentKeepalive = settings.persistentKeepalive or null;
    }) (lib.attrValues (removeAttrs members [ this.name ]));
  };
  networking.firewall.allowedUDPPorts = lib.optional (settings.openFirewall or true) own.port;
}
