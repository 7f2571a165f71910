# Writes the SSH host keys of the service's hosts to the machines' known hosts: from `hostKey` in their
# `deployment`; a host without one is left out. Each key stands for all names and addresses of its host.
#
# settings.names   selectors: these hosts too
{
  settings,
  selectors,
  cluster,
  lib,
  ...
}:
let
  shortName =
    name:
    lib.optional (lib.hasSuffix ".${cluster.name}" name) (lib.removeSuffix ".${cluster.name}" name);
  # As SSH writes down what it knows of another port than its own.
  atPort = port: name: if port == 22 then name else "[${name}]:${toString port}";

  known = lib.filter (host: host.hostKey != null) (selectors ++ settings.names or [ ]);
in
{
  programs.ssh.knownHosts = lib.listToAttrs (
    map (
      host:
      let
        names = lib.unique ([ host.name ] ++ lib.concatLists (lib.attrValues host.names));
        all = names ++ lib.concatMap shortName names ++ host.ips.all;
      in
      lib.nameValuePair host.name {
        hostNames = map (atPort host.sshPort) all;
        publicKey = host.hostKey;
      }
    ) known
  );
}
