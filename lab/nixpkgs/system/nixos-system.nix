# `lib.nixosSystem`: the modules of this folder's neighbour and the caller's, evaluated together.
{ lib }:
{
  modules,
  system ? null,
  specialArgs ? { },
  extraArgs ? { },
  modulesLocation ? null,
  ...
}:
let
  located =
    if modulesLocation == null then
      modules
    else
      map (lib.setDefaultModuleLocation modulesLocation) modules;
  evaluated = lib.evalModules {
    class = "nixos";
    specialArgs = {
      modulesPath = toString ../modules;
    }
    // specialArgs;
    modules =
      import ../modules
      ++ located
      ++ lib.optional (extraArgs != { }) { _module.args = extraArgs; }
      ++ lib.optional (system != null) {
        _file = "flake.nix";
        nixpkgs.system = lib.mkDefault system;
      };
  };
  withPackages =
    configuration:
    configuration
    // {
      inherit lib;
      inherit (configuration._module.args) pkgs;
      extendModules = args: withPackages (configuration.extendModules args);
    };
in
withPackages evaluated
