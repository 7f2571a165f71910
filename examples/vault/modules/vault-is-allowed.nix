# Vault is unfree: this one package is let through.
{ lib, ... }:
{
  nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "vault";
}
