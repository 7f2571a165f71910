# Declared and evaluated: no interface is made.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  optional =
    type:
    mkOption {
      type = types.nullOr type;
      default = null;
    };
  script = mkOption {
    type = types.coercedTo (types.listOf types.str) (lib.concatStringsSep "\n") types.lines;
    default = "";
  };
  peer =
    { config, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default =
            lib.replaceStrings
              [ "/" "-" " " "+" "=" ]
              [ "-" "\\x2d" "\\x20" "\\x2b" "\\x3d" ]
              config.publicKey;
        };
        publicKey = mkOption { type = types.singleLineStr; };
        presharedKey = optional types.str;
        presharedKeyFile = optional types.str;
        allowedIPs = mkOption { type = types.listOf types.str; };
        endpoint = optional types.str;
        dynamicEndpointRefreshSeconds = optional types.int;
        dynamicEndpointRefreshRestartSeconds = optional types.ints.unsigned;
        persistentKeepalive = optional types.int;
      };
    };
  interface.options = {
    type = mkOption {
      type = types.enum [
        "wireguard"
        "amneziawg"
      ];
      default = "wireguard";
    };
    ips = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    privateKey = optional types.str;
    privateKeyFile = optional types.str;
    generatePrivateKeyFile = mkOption {
      type = types.bool;
      default = false;
    };
    listenPort = optional types.int;
    mtu = optional types.int;
    metric = optional types.int;
    fwMark = optional types.str;
    table = mkOption {
      type = types.str;
      default = "main";
    };
    allowedIPsAsRoutes = mkOption {
      type = types.bool;
      default = true;
    };
    dynamicEndpointRefreshSeconds = mkOption {
      type = types.int;
      default = 0;
    };
    socketNamespace = optional types.str;
    interfaceNamespace = optional types.str;
    preSetup = script;
    postSetup = script;
    preShutdown = script;
    postShutdown = script;
    peers = mkOption {
      type = types.listOf (types.submodule peer);
      default = [ ];
    };
  };
in
{
  options.networking.wireguard = {
    enable = mkOption {
      type = types.bool;
      default = config.networking.wireguard.interfaces != { };
    };
    useNetworkd = mkOption {
      type = types.bool;
      default = config.networking.useNetworkd;
    };
    interfaces = mkOption {
      type = types.attrsOf (types.submodule interface);
      default = { };
    };
  };
}
