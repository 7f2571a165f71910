{ settings, lib, ... }:
{
  environment.etc."till/api".text = lib.concatLines settings.api;
}
