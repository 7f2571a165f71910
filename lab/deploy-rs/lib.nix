# deploy-rs' library: what its `activate` expects to find in a profile.
{ pkgs }:
let
  inherit (pkgs) lib;
  script =
    name: file: text:
    pkgs.writeTextFile {
      inherit name;
      text = "#!${pkgs.runtimeShell}\n${text}\n";
      executable = true;
      destination = "/${file}";
    };
in
{
  activate = rec {
    # `custom // { dryActivate = …; boot = …; }` says what else than the activation there is.
    custom.__functor =
      self: base: command:
      let
        shown = "echo ${pkgs.writeScript "activate" command}";
      in
      pkgs.buildEnv {
        name = "activatable-${base.name}";
        paths = [
          base
          (script "${base.name}-activate-path" "deploy-rs-activate" ''
            set -euo pipefail

            if [[ "''${DRY_ACTIVATE:-}" == "1" ]]; then
              ${self.dryActivate or shown}
            elif [[ "''${BOOT:-}" == "1" ]]; then
              ${self.boot or shown}
            else
              ${command}
            fi'')
          (script "${base.name}-activate-rs" "activate-rs" ''
            exec ${pkgs.deploy-rs.deploy-rs}/bin/activate "$@"'')
        ];
      };

    nixos =
      base:
      (
        custom
        // {
          dryActivate = "$PROFILE/bin/switch-to-configuration dry-activate";
          boot = "$PROFILE/bin/switch-to-configuration boot";
        }
      )
        base.config.system.build.toplevel
        ''
          cd /tmp
          $PROFILE/bin/switch-to-configuration switch
          ${lib.optionalString base.config.boot.loader.systemd-boot.enable
            "sed -i '/^default /d' ${base.config.boot.loader.efi.efiSysMountPoint}/loader/loader.conf"
          }'';

    noop = base: custom base ":";
  };

  deployChecks =
    deploy:
    let
      profiles = lib.concatLists (
        lib.mapAttrsToList (
          node: { profiles, ... }: lib.mapAttrsToList (name: profile: "${node} ${name} ${profile.path}") profiles
        ) deploy.nodes
      );
    in
    {
      deploy-activate = pkgs.runCommand "deploy-rs-check-activate" { } ''
        while read -r node profile path; do
          for file in deploy-rs-activate activate-rs; do
            [ -x "$path/$file" ] || { echo "#$node.$profile has no $file" >&2; exit 1; }
          done
        done <<'PROFILES'
        ${lib.concatStringsSep "\n" profiles}
        PROFILES
        touch "$out"
      '';
    };
}
