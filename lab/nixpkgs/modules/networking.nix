{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.networking;
  hostNames =
    lib.optional (cfg.domain != null && cfg.hostName != "") cfg.fqdn
    ++ lib.optional (cfg.hostName != "") cfg.hostName;
in
{
  options.networking = {
    hostName = mkOption {
      type = types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$";
      default = "nixos";
    };
    domain = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    fqdn = mkOption {
      type = types.str;
      readOnly = true;
      default =
        if cfg.domain == null then
          throw "The FQDN is required but cannot be determined from `networking.hostName` and `networking.domain`."
        else
          "${cfg.hostName}.${cfg.domain}";
    };
    fqdnOrHostName = mkOption {
      type = types.str;
      readOnly = true;
      default = if cfg.domain == null then cfg.hostName else cfg.fqdn;
    };
    hostId = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    hosts = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
    };
    extraHosts = mkOption {
      type = types.lines;
      default = "";
    };
    hostFiles = mkOption {
      type = types.listOf types.path;
      default = [ ];
    };
    nameservers = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    search = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    timeServers = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    enableIPv6 = mkOption {
      type = types.bool;
      default = true;
    };
    usePredictableInterfaceNames = mkOption {
      type = types.bool;
      default = true;
    };
    useNetworkd = lib.mkEnableOption "systemd-networkd";
    networkmanager.enable = lib.mkEnableOption "NetworkManager";
    nat = {
      enable = lib.mkEnableOption "network address translation";
      internalInterfaces = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      externalInterface = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
    };
  };

  config = {
    networking.hosts."127.0.0.2" = hostNames;
    networking.hostFiles = [
      (pkgs.textFile "localhost-hosts" ''
        127.0.0.1 localhost
        ${lib.optionalString cfg.enableIPv6 "::1 localhost"}
      '')
      (pkgs.textFile "string-hosts" (
        lib.concatMapAttrsStringSep "" (
          address: names: lib.optionalString (names != [ ]) "${address} ${lib.concatStringsSep " " names}\n"
        ) (lib.filterAttrs (address: _: address != "127.0.0.1" && address != "::1") cfg.hosts)
      ))
      (pkgs.textFile "extra-hosts" cfg.extraHosts)
    ];
    environment.etc = {
      hosts.source = pkgs.concatText "hosts" cfg.hostFiles;
      hostname = lib.mkIf (cfg.hostName != "") { text = cfg.hostName + "\n"; };
      "resolv.conf" = lib.mkIf (cfg.nameservers != [ ]) {
        text =
          lib.optionalString (cfg.search != [ ]) "search ${lib.concatStringsSep " " cfg.search}\n"
          + lib.concatMapStrings (address: "nameserver ${address}\n") cfg.nameservers;
      };
    };
  };
}
