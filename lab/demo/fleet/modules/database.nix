{ pkgs, ... }:
{
  environment.etc."database.conf".text = ''
    listen = 5432
  '';
}
