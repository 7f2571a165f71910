# What the YAML says, resolved, becomes an ordinary NixOS module.
{
  settings,
  roles,
  this,
  ...
}:
{ config, pkgs, ... }:
{
  environment.etc."hello/peers".text = builtins.concatStringsSep "\n" settings.fronts;
  systemd.services.hello = {
    description = "Greets from ${this.fqdn}, one of ${toString (builtins.length roles.front)}";
    wantedBy = [ "multi-user.target" ];
    restartTriggers = [ config.environment.etc.motd.text or "" ];
    serviceConfig.ExecStart = "/bin/sh -c 'while :; do sleep 3600; done'";
  };
}
