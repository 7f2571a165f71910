{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.openssh;
  known = config.programs.ssh.knownHosts;
  value = v: if builtins.isBool v then (if v then "yes" else "no") else if builtins.isList v then lib.concatStringsSep "," v else toString v;
  hasKeys = lib.any (
    u: u.openssh.authorizedKeys.keys != [ ] || u.openssh.authorizedKeys.keyFiles != [ ]
  ) (lib.attrValues config.users.users);
  knownHost =
    { name, config, ... }:
    {
      options = {
        hostNames = mkOption {
          type = types.listOf types.str;
          default = [ name ] ++ config.extraHostNames;
        };
        extraHostNames = mkOption {
          type = types.listOf types.str;
          default = [ ];
        };
        publicKey = mkOption {
          type = types.nullOr types.str;
          default = null;
        };
        publicKeyFile = mkOption {
          type = types.nullOr types.path;
          default = null;
        };
        certAuthority = mkOption {
          type = types.bool;
          default = false;
        };
      };
    };
in
{
  imports = [
    (lib.mkAliasOptionModule [ "services" "openssh" "knownHosts" ] [ "programs" "ssh" "knownHosts" ])
  ];
  options.programs.ssh.knownHosts = mkOption {
    default = { };
    type = types.attrsOf (types.submodule knownHost);
  };
  options.programs.ssh.extraConfig = mkOption {
    type = types.lines;
    default = "";
  };
  options.services.openssh = {
    enable = lib.mkEnableOption "the OpenSSH secure shell daemon";
    ports = mkOption {
      type = types.listOf types.port;
      default = [ 22 ];
    };
    openFirewall = mkOption {
      type = types.bool;
      default = true;
    };
    startWhenNeeded = mkOption {
      type = types.bool;
      default = false;
    };
    authorizedKeysFiles = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    hostKeys = mkOption {
      type = types.listOf types.attrs;
      default = [ ];
    };
    listenAddresses = mkOption {
      type = types.listOf types.anything;
      default = [ ];
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
    };
    settings = mkOption {
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf (
          types.nullOr (
            types.oneOf [
              types.bool
              types.int
              types.str
              (types.listOf types.str)
            ]
          )
        );
        options = {
          PermitRootLogin = mkOption {
            type = types.nullOr (types.enum [ "yes" "without-password" "prohibit-password" "forced-commands-only" "no" ]);
            default = "prohibit-password";
          };
          PasswordAuthentication = mkOption {
            type = types.nullOr types.bool;
            default = true;
          };
          X11Forwarding = mkOption {
            type = types.nullOr types.bool;
            default = false;
          };
        };
      };
    };
  };
  config = {
    environment.etc = {
      "ssh/ssh_known_hosts" = lib.mkIf (known != { }) {
        text = lib.concatMapAttrsStringSep "" (
          _: host:
          "${lib.optionalString host.certAuthority "@cert-authority "}${lib.concatStringsSep "," host.hostNames} ${
            if host.publicKey == null then lib.fileContents host.publicKeyFile else lib.removeSuffix "\n" host.publicKey
          }\n"
        ) known;
      };
      # The machine's own sshd goes on; this is what it reads beside its own configuration.
      "ssh/sshd_config.d/10-nixos.conf" = lib.mkIf (cfg.enable || hasKeys || cfg.authorizedKeysFiles != [ ]) {
        text = ''
          AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u ${toString cfg.authorizedKeysFiles}
          SetEnv PATH=/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        ''
        + lib.optionalString cfg.enable (
          lib.concatMapStrings (port: "Port ${toString port}\n") cfg.ports
          + lib.concatMapAttrsStringSep "" (key: v: "${key} ${value v}\n") (
            lib.filterAttrs (_: v: v != null) cfg.settings
          )
          + cfg.extraConfig
        );
      };
    };
    networking.firewall.allowedTCPPorts = lib.mkIf (cfg.enable && cfg.openFirewall) cfg.ports;
  };
}
