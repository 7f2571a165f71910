# A module of home-manager.
{ pkgs, ... }:
{
  home.packages = [ pkgs.htop ];
}
