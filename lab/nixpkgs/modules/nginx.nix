{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.nginx;
  location = {
    options = {
      root = mkOption {
        type = types.nullOr types.path;
        default = null;
      };
      proxyPass = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
      return = mkOption {
        type = types.nullOr (types.either types.str types.int);
        default = null;
      };
      extraConfig = mkOption {
        type = types.lines;
        default = "";
      };
    };
  };
  virtualHost =
    { name, ... }:
    {
      options = {
        serverName = mkOption {
          type = types.nullOr types.str;
          default = name;
        };
        serverAliases = mkOption {
          type = types.listOf types.str;
          default = [ ];
        };
        root = mkOption {
          type = types.nullOr types.path;
          default = null;
        };
        default = mkOption {
          type = types.bool;
          default = false;
        };
        enableACME = lib.mkEnableOption "ACME";
        forceSSL = lib.mkEnableOption "TLS only";
        listen = mkOption {
          type = types.listOf types.anything;
          default = [ ];
        };
        locations = mkOption {
          type = types.attrsOf (types.submodule location);
          default = { };
        };
        extraConfig = mkOption {
          type = types.lines;
          default = "";
        };
      };
    };
  directive = key: value: lib.optionalString (value != null) "    ${key} ${toString value};\n";
  configuration = pkgs.textFile "nginx.conf" (
    lib.concatMapAttrsStringSep "" (_: host: ''
      server {
        server_name ${toString ([ host.serverName ] ++ host.serverAliases)};
      ${directive "root" host.root}${
        lib.concatMapAttrsStringSep "" (path: l: ''
          location ${path} {
          ${directive "root" l.root}${directive "proxy_pass" l.proxyPass}${directive "return" l.return}${l.extraConfig}}
        '') host.locations
      }${host.extraConfig}}
    '') cfg.virtualHosts
    + cfg.appendHttpConfig
  );
in
{
  options.services.nginx = {
    enable = lib.mkEnableOption "Nginx Web Server";
    virtualHosts = mkOption {
      type = types.attrsOf (types.submodule virtualHost);
      default = { };
    };
    appendHttpConfig = mkOption {
      type = types.lines;
      default = "";
    };
  }
  // lib.genAttrs [
    "recommendedProxySettings"
    "recommendedTlsSettings"
    "recommendedGzipSettings"
    "recommendedOptimisation"
  ] (name: lib.mkEnableOption name);
  config = lib.mkIf cfg.enable {
    environment.etc."nginx/nginx.conf".source = configuration;
    systemd.services.nginx = {
      description = "Nginx Web Server";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      reloadTriggers = [ configuration ];
      reload = "true";
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      script = "cat /etc/nginx/nginx.conf";
    };
  };
}
