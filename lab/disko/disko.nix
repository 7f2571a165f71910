# Declares disks as disko does, of which it knows partitions with a file system; it formats nothing.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  partitionsOf = disk: lib.attrValues (disk.content.partitions or { });
  mounted = lib.filter (partition: partition.content ? mountpoint) (
    lib.concatMap partitionsOf (lib.attrValues config.disko.devices.disk)
  );
in
{
  options.disko.devices.disk = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          freeformType = types.attrsOf types.anything;
          options = {
            type = mkOption { type = types.enum [ "disk" ]; };
            device = mkOption { type = types.str; };
            content = mkOption {
              type = types.nullOr (types.attrsOf types.anything);
              default = null;
            };
          };
        }
      )
    );
  };

  config.fileSystems = lib.listToAttrs (
    map (
      { content, ... }:
      lib.nameValuePair content.mountpoint {
        device = content.device or null;
        fsType = content.format;
      }
    ) mounted
  );
}
