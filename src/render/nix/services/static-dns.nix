# Writes the names of the service's hosts to /etc/hosts: their own and their interfaces', and those of the
# services and roles that they are in.
#
# settings.names     selectors: the names of these hosts too
# settings.aliases   more names: { vault = "192.168.122.200"; } or a list of addresses
{
  settings,
  selectors,
  this,
  cluster,
  domain,
  lib,
  ...
}:
let
  hosts = selectors ++ settings.names or [ ];

  # The name as a selector in the reader's cluster would write it, null where that is the full name.
  relativeTo =
    scope: name:
    if scope != "" && lib.hasSuffix ".${scope}" name then lib.removeSuffix ".${scope}" name else null;
  isShort = name: relativeTo cluster.name name != null;
  near = lib.genAttrs (lib.concatMap (
    host:
    map (relativeTo cluster.name) (lib.filter isShort (lib.concatLists (lib.attrValues host.names)))
  ) hosts) (_: true);
  # The nearer scope has the name.
  shortName =
    name:
    let
      far = relativeTo domain.name name;
    in
    if isShort name then
      [ (relativeTo cluster.name name) ]
    else
      lib.optional (far != null && !(near ? ${far})) far;

  # The first name is the one that an address is called back.
  inOrder =
    names: lib.unique ([ (lib.head names) ] ++ lib.concatMap shortName names ++ lib.tail names);

  aliases = lib.concatLists (
    lib.mapAttrsToList (
      name: addresses: map (address: { ${address} = [ name ]; }) (lib.toList addresses)
    ) (settings.aliases or { })
  );
in
{
  networking.hosts =
    lib.mapAttrs (_: inOrder) (
      lib.zipAttrsWith (_: lib.concatLists) (map (host: host.names) hosts ++ aliases)
    )
    // {
      # NixOS names the machine itself at this address: where others reach it is the better answer.
      "127.0.0.2" = lib.mkIf (this.primaryIp != null) (lib.mkForce [ ]);
    };
}
