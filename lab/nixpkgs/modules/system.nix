{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.system;
  failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  guard =
    system:
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
    else
      lib.showWarnings config.warnings system;
  # Snippets in the order that their `deps` ask for.
  ordered =
    (lib.foldl' visit {
      done = [ ];
      text = "";
    } (lib.attrNames cfg.activationScripts)).text;
  visit =
    state: name:
    let
      snippet = cfg.activationScripts.${name};
      before = lib.foldl' visit (state // { done = state.done ++ [ name ]; }) (
        lib.filter (dep: cfg.activationScripts ? ${dep}) snippet.deps
      );
    in
    if lib.elem name state.done then
      state
    else
      before // { text = before.text + "snippet_${toString (lib.length before.done)}() {\n:\n${snippet.text}\n}\nrun_snippet ${lib.escapeShellArg name} snippet_${toString (lib.length before.done)}\n"; };
in
{
  options.system = {
    stateVersion = mkOption {
      type = types.str;
      default = config.system.nixos.release;
    };
    name = mkOption {
      type = types.str;
      default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName;
    };
    path = mkOption { type = types.package; };
    build = mkOption {
      default = { };
      type = types.submoduleWith {
        modules = [ { freeformType = types.lazyAttrsOf (types.uniq types.unspecified); } ];
      };
    };
    nixos = {
      release = mkOption {
        readOnly = true;
        type = types.str;
        default = lib.trivial.release;
      };
      version = mkOption {
        type = types.str;
        default = "${cfg.nixos.release}.lab";
      };
      label = mkOption {
        type = types.str;
        default = cfg.nixos.version;
      };
      tags = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      versionSuffix = mkOption {
        type = types.str;
        default = "";
      };
      revision = mkOption {
        type = types.nullOr types.str;
        default = null;
      };
    };
    configurationRevision = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    activationScripts = mkOption {
      default = { };
      type = types.attrsOf (
        types.coercedTo types.str (text: { inherit text; }) (
          types.submodule {
            options = {
              text = mkOption { type = types.lines; };
              deps = mkOption {
                type = types.listOf types.str;
                default = [ ];
              };
              supportsDryActivation = mkOption {
                type = types.bool;
                default = false;
              };
            };
          }
        )
      );
    };
    switch.inhibitors = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    extraDependencies = mkOption {
      type = types.listOf types.pathInStore;
      default = [ ];
    };
    userActivationScripts = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
  };
  options.specialisation = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  options.documentation = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  options.hardware = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };

  config.system.build.toplevel = guard (
    pkgs.build {
      name = "nixos-system-${cfg.name}-${cfg.nixos.label}";
      env = {
        users = cfg.build.userTable;
        inherit (cfg.build) accounts;
        snippets = ordered;
        passAsFile = [
          "users"
          "snippets"
        ];
        activate = "${../system/activate.sh}";
        switch = "${../system/switch-to-configuration.sh}";
        atBoot = "${../system/activate-at-boot.sh}";
      };
      script = ''
        mkdir -p "$out/bin"
        cd "$out"
        ln -s ${cfg.build.etc}/etc etc
        ln -s ${cfg.path} sw
        ${lib.optionalString (!config.boot.isContainer) ''
          ln -s ${cfg.build.kernel}/bzImage kernel
          ln -s ${cfg.build.kernel} kernel-modules
          ln -s ${cfg.build.initialRamdisk}/initrd initrd
          printf '%s' ${lib.escapeShellArg (toString config.boot.kernelParams)} > kernel-params
        ''}
        ln -s ${config.systemd.package} systemd
        printf '%s' ${lib.escapeShellArg cfg.nixos.label} > nixos-version
        printf '%s' ${config.nixpkgs.hostPlatform.system} > system
        printf '%s' ${lib.escapeShellArg config.networking.hostName} > host-name
        ${lib.optionalString (cfg.configurationRevision != null) "printf '%s' ${lib.escapeShellArg cfg.configurationRevision} > configuration-revision"}
        cp "$usersPath" users
        ${lib.optionalString (cfg.extraDependencies != [ ]) "printf '%s\\n' ${lib.escapeShellArgs cfg.extraDependencies} > extra-dependencies"}
        ${lib.optionalString (cfg.switch.inhibitors != { }) ''
          printf '%s' ${lib.escapeShellArg (builtins.toJSON cfg.switch.inhibitors)} > switch-inhibitors
        ''}
        install_script() { # template, target
          sed -e "s|@out@|$out|g" -e "s|@accounts@|$accounts|" -e "/^@snippets@\$/{
            r $snippetsPath
            d
          }" "$1" > "$2"
          chmod +x "$2"
        }
        install_script "$activate" activate
        install_script "$atBoot" activate-at-boot
        install_script "$switch" bin/switch-to-configuration
        printf '#!/bin/sh\n%s/activate\nexec /lib/systemd/systemd "$@"\n' "$out" > init
        chmod +x init
      '';
    }
  );
}
