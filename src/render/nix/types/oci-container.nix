# A container from an image: `virtualisation.oci-containers.containers.<name>` of its machine.
#
# settings   more options of it, such as ports, volumes, environment
{
  name,
  image,
  settings,
  network,
  lib,
  ...
}:
{
  virtualisation.oci-containers.containers.${name} = lib.mkMerge [
    { inherit image; }
    (lib.mkIf (network != null && network.kind == "host") { extraOptions = [ "--network=host" ]; })
    settings
  ];
}
