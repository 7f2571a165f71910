# What makes a bare machine ready: an image to boot it from, a script that formats its disks.
{
  lib,
  machine,
  configuration,
}:
let
  inherit (machine.install) format;
  inherit (configuration) pkgs;
  inherit (configuration.config.system) build;
  missing = what: module: throw "${machine.name} has no ${what}: let it import ${module}";
  # What its modules know how to build, the most particular first.
  image = lib.findFirst (name: build ? ${name}) null [
    "isoImage"
    "sdImage"
    "image"
  ];
in
{
  "${machine.name}-image" =
    if image != null then
      build.${image}
    else
      build.images.iso-installer
        or (missing "image" "a module of nixpkgs that builds one, such as installer/cd-dvd/iso-image.nix");
}
// lib.optionalAttrs (format != "none") {
  "${machine.name}-format" =
    if format == "disko" then
      build.diskoScript or (missing "diskoScript" "the module of disko")
    else
      pkgs.writeScript "format-${machine.label}" (builtins.readFile format);
}
