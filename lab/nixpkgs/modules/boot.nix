{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.boot;
  strings = mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
in
{
  options.boot = {
    isContainer = mkOption {
      type = types.bool;
      default = config.boot.isNspawnContainer;
    };
    kernelPackages = mkOption {
      type = types.raw;
      default = pkgs.linuxPackages;
    };
    kernelParams = strings;
    kernelModules = strings;
    blacklistedKernelModules = strings;
    supportedFilesystems = mkOption {
      type = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: true)) (
        types.attrsOf types.bool
      );
      default = { };
    };
    kernel.sysctl = mkOption {
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf (
          types.nullOr (
            types.oneOf [
              types.bool
              types.int
              types.str
            ]
          )
        );
      };
    };
    initrd = {
      availableKernelModules = strings;
      kernelModules = strings;
      systemd.enable = lib.mkEnableOption "systemd in the initrd";
    };
    tmp.useTmpfs = lib.mkEnableOption "a tmpfs on /tmp";
    tmp.cleanOnBoot = lib.mkEnableOption "an empty /tmp at boot";
    growPartition = lib.mkEnableOption "growing the root partition";
    loader = {
      timeout = mkOption {
        type = types.nullOr types.int;
        default = 5;
      };
      systemd-boot.enable = lib.mkEnableOption "systemd-boot";
      systemd-boot.configurationLimit = mkOption {
        type = types.nullOr types.int;
        default = null;
      };
      efi.canTouchEfiVariables = lib.mkEnableOption "writing EFI variables";
      efi.efiSysMountPoint = mkOption {
        type = types.str;
        default = "/boot";
      };
      grub.enable = mkOption {
        type = types.bool;
        default = !cfg.isContainer;
      };
      grub.device = mkOption {
        type = types.str;
        default = "";
      };
      grub.devices = strings;
      grub.efiSupport = lib.mkEnableOption "EFI";
    };
  };
  config = {
    environment.etc = {
      "sysctl.d/60-nixos.conf" = lib.mkIf (lib.filterAttrs (_: v: v != null) cfg.kernel.sysctl != { }) {
        text = lib.concatMapAttrsStringSep "" (
          key: value:
          lib.optionalString (value != null) "${key}=${if value == false then "0" else toString value}\n"
        ) cfg.kernel.sysctl;
      };
      "modules-load.d/nixos.conf" = lib.mkIf (cfg.kernelModules != [ ]) {
        text = lib.concatLines cfg.kernelModules;
      };
    };
    system.build.kernel = cfg.kernelPackages.kernel;
    system.build.initialRamdisk = pkgs.runCommand "initrd-linux-${cfg.kernelPackages.kernel.version}" { } ''
      mkdir "$out"
      echo ${lib.escapeShellArg (toString cfg.initrd.availableKernelModules)} > "$out/initrd"
    '';
  };
}
