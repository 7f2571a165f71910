# Declared and evaluated: nothing runs.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.k3s;
  file = mkOption {
    type = types.nullOr types.path;
    default = null;
  };
  text = mkOption {
    type = types.str;
    default = "";
  };
  hasToken = cfg.configPath != null || cfg.tokenFile != null || cfg.token != "";
in
{
  options.services.k3s = {
    enable = lib.mkEnableOption "k3s";
    package = mkOption {
      type = types.package;
      default = pkgs.k3s;
    };
    role = mkOption {
      type = types.enum [
        "server"
        "agent"
      ];
      default = "server";
    };
    serverAddr = text;
    clusterInit = mkOption {
      type = types.bool;
      default = false;
    };
    disableAgent = mkOption {
      type = types.bool;
      default = false;
    };
    token = text;
    tokenFile = file;
    agentToken = text;
    agentTokenFile = file;
    environmentFile = file;
    configPath = file;
    extraFlags = mkOption {
      type = types.either types.str (types.listOf types.str);
      default = [ ];
    };
  };
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.role == "agent" -> (cfg.configPath != null || cfg.serverAddr != "");
        message = "services.k3s: an agent needs serverAddr or configPath";
      }
      {
        assertion = cfg.role == "agent" -> hasToken;
        message = "services.k3s: an agent needs a token";
      }
      {
        assertion = cfg.role == "agent" -> !cfg.clusterInit;
        message = "services.k3s: clusterInit is for servers";
      }
    ];
  };
}
