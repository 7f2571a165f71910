{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.environment;
  entries = lib.filter (entry: entry.enable) (lib.attrValues cfg.etc);
  quote = lib.escapeShellArg;
in
{
  options.environment = {
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    pathsToLink = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    defaultPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    variables = mkOption {
      type = types.attrsOf (
        types.nullOr (
          types.oneOf [
            (types.listOf (
              types.oneOf [
                types.int
                types.str
                types.path
              ]
            ))
            types.int
            types.str
            types.path
          ]
        )
      );
      default = { };
      apply = lib.mapAttrs (
        _: value: if builtins.isList value then lib.concatMapStringsSep ":" toString value else toString value
      );
    };
    sessionVariables = mkOption {
      type = types.attrsOf (types.either types.str types.path);
      default = { };
    };
    shellAliases = mkOption {
      type = types.attrsOf (types.nullOr (types.either types.str types.path));
      default = { };
    };
    shellInit = mkOption {
      type = types.lines;
      default = "";
    };
    shells = mkOption {
      type = types.listOf (types.either types.shellPackage types.path);
      default = [ ];
    };
    etc = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          {
            name,
            config,
            options,
            ...
          }:
          {
            options = {
              enable = mkOption {
                type = types.bool;
                default = true;
              };
              target = mkOption { type = types.str; };
              text = mkOption {
                type = types.nullOr types.lines;
                default = null;
              };
              source = mkOption { type = types.path; };
              mode = mkOption {
                type = types.str;
                default = "symlink";
              };
              user = mkOption {
                type = types.str;
                default = "+${toString config.uid}";
              };
              group = mkOption {
                type = types.str;
                default = "+${toString config.gid}";
              };
              uid = mkOption {
                type = types.int;
                default = 0;
              };
              gid = mkOption {
                type = types.int;
                default = 0;
              };
            };
            config = {
              target = lib.mkDefault name;
              source = lib.mkIf (config.text != null) (
                lib.mkDerivedConfig options.text (pkgs.textFile ("etc-" + baseNameOf name))
              );
            };
          }
        )
      );
    };
  };

  config = {
    environment.systemPackages = cfg.defaultPackages;
    environment.etc = {
      "profile.d/nixos.sh".text = ''
        export PATH="/run/current-system/sw/bin:$PATH"
        ${lib.concatMapAttrsStringSep "" (name: value: ''
          export ${name}=${quote value}
        '') (cfg.variables // cfg.sessionVariables)}${
          lib.concatMapAttrsStringSep "" (name: value: ''
            alias ${name}=${quote value}
          '') (lib.filterAttrs (_: value: value != null) cfg.shellAliases)
        }${cfg.shellInit}
      '';
    };
    system.path = pkgs.buildEnv {
      name = "system-path";
      paths = cfg.systemPackages;
      ignoreCollisions = true;
    };
    system.build.etc = pkgs.runCommand "etc" { } ''
      mkdir -p "$out/etc"
      cd "$out/etc"
      put() { # target, source
        mkdir -p "$(dirname "$1")"
        ln -s "$2" "$1"
      }
      # A unit lies here under its own name: systemd takes a link to another name for an alias.
      unit() { # target, source
        case $2 in
          /nix/*) mkdir -p "$(dirname "$1")" && cp "$2" "$1" ;;
          *) put "$1" "$2" ;;
        esac
      }
      ${lib.concatMapStrings (
        entry:
        "put ${quote entry.target} ${quote "${entry.source}"}\n"
        + lib.optionalString (entry.mode != "symlink") ''
          echo ${quote entry.mode} > ${quote entry.target}.mode
          echo ${quote entry.user} > ${quote entry.target}.uid
          echo ${quote entry.group} > ${quote entry.target}.gid
        ''
      ) entries}
      ${lib.concatMapAttrsStringSep "" (
        target: unit: "unit ${quote target} ${quote unit.source}\n"
      ) config.system.build.units}
    '';
  };
}
