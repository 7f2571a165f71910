# A virtual machine by the input microvm: `microvm.vms.<name>` of its machine.
# What it is made of (`microvm.vcpu`, `microvm.mem`, `microvm.shares`) stands in its own `config:`.
#
# settings   more options of `microvm.vms.<name>`, such as autostart
{
  name,
  module,
  settings,
  host,
  network,
  specialArgs,
  inputs,
  lib,
  ...
}:
let
  # Always the same address for the same interface: `02` says that it is a local one.
  macOf =
    interface:
    let
      hash = builtins.hashString "sha256" interface.name;
      pair = index: builtins.substring (2 * index) 2 hash;
    in
    interface.mac or (lib.concatStringsSep ":" ([ "02" ] ++ map pair (lib.range 0 4)));

  # Linux takes 15 characters: a longer name is cut, and its hash keeps it apart from others.
  idOf =
    interface:
    let
      full = "vm-${name}-${interface.device}";
    in
    if builtins.stringLength full <= 15 then
      full
    else
      "vm-${builtins.substring 0 12 (builtins.hashString "sha256" interface.name)}";

  connect =
    interface:
    {
      bridge = {
        type = "bridge";
        bridge = network.device;
      };
      macvlan = {
        type = "macvtap";
        macvtap = {
          link = network.device;
          mode = "bridge";
        };
      };
      nat.type = "user";
    }
    .${network.kind}
    // {
      id = idOf interface;
      mac = macOf interface;
    };

  connected = lib.optionalAttrs (network != null) {
    microvm.interfaces = map connect (lib.attrValues host.interfaces);
    # The guest would give names of its own choice; a MAC address that is written has its link already.
    systemd.network.links = lib.mapAttrs' (
      label: interface:
      lib.nameValuePair "10-${label}" {
        matchConfig.MACAddress = macOf interface;
        linkConfig.Name = interface.device;
      }
    ) (lib.filterAttrs (_: interface: !(interface ? mac)) host.interfaces);
  };
in
{
  # Once, though a machine may have several.
  imports = [
    {
      key = "nixcluster/microvm";
      imports = [ inputs.microvm.nixosModules.host ];
    }
  ];

  microvm.vms.${name} = lib.mkMerge [
    {
      config.imports = [
        module
        connected
      ];
      inherit specialArgs;
    }
    settings
  ];
}
