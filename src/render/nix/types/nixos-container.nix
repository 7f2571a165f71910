# A NixOS container: `containers.<name>` of its machine.
#
# settings   more options of `containers.<name>`, such as bindMounts, ephemeral, autoStart
{
  name,
  module,
  settings,
  network,
  specialArgs,
  lib,
  ...
}:
let
  private = {
    privateNetwork = true;
  };
  # How it is connected; its addresses are set inside, but for `nat`, where NixOS sets both ends.
  connection =
    {
      host = { };
      bridge = private // {
        hostBridge = network.device;
      };
      macvlan = private // {
        macvlans = [ network.device ];
      };
      nat =
        private
        // lib.filterAttrs (_: address: address != null) {
          inherit (network)
            localAddress
            localAddress6
            hostAddress
            hostAddress6
            ;
        };
    }
    .${network.kind};
in
{
  containers.${name} = lib.mkMerge [
    {
      config = module;
      autoStart = lib.mkDefault true;
      inherit specialArgs;
    }
    connection
    settings
  ];

  networking.nat = lib.mkIf (network.kind == "nat") {
    enable = true;
    internalInterfaces = [ "ve-${name}" ];
  };
}
