{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.users;
  nullable = type: mkOption {
    type = types.nullOr type;
    default = null;
  };
  flag = mkOption {
    type = types.bool;
    default = false;
  };
  shellPath = shell: if shell ? shellPath then shell.shellPath else toString shell;
  keysOf = user: user.openssh.authorizedKeys.keys ++ map builtins.readFile user.openssh.authorizedKeys.keyFiles;
  user =
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
        };
        name = mkOption {
          type = types.passwdEntry types.str;
          default = name;
        };
        description = mkOption {
          type = types.passwdEntry types.str;
          default = "";
        };
        uid = nullable types.int;
        isSystemUser = flag;
        isNormalUser = flag;
        group = mkOption {
          type = types.str;
          default = "";
        };
        extraGroups = mkOption {
          type = types.listOf types.str;
          default = [ ];
        };
        home = mkOption {
          type = types.passwdEntry types.path;
          default = if config.isNormalUser then "/home/${config.name}" else "/var/empty";
        };
        homeMode = mkOption {
          type = types.strMatching "[0-7]{1,5}";
          default = "700";
        };
        createHome = mkOption {
          type = types.bool;
          default = config.isNormalUser;
        };
        shell = mkOption {
          type = types.nullOr (types.either types.shellPackage (types.passwdEntry types.path));
          default = if config.isNormalUser then "/bin/bash" else "/usr/sbin/nologin";
        };
        useDefaultShell = flag;
        linger = nullable types.bool;
        hashedPassword = nullable (types.passwdEntry types.str);
        password = nullable types.str;
        hashedPasswordFile = nullable types.str;
        initialHashedPassword = nullable (types.passwdEntry types.str);
        initialPassword = nullable types.str;
        packages = mkOption {
          type = types.listOf types.package;
          default = [ ];
        };
        expires = nullable types.str;
        subUidRanges = mkOption {
          type = types.listOf types.anything;
          default = [ ];
        };
        subGidRanges = mkOption {
          type = types.listOf types.anything;
          default = [ ];
        };
        openssh.authorizedKeys.keys = mkOption {
          type = types.listOf types.singleLineStr;
          default = [ ];
        };
        openssh.authorizedKeys.keyFiles = mkOption {
          type = types.listOf types.path;
          default = [ ];
        };
        openssh.authorizedPrincipals = mkOption {
          type = types.listOf types.singleLineStr;
          default = [ ];
        };
      };
      config.group = lib.mkIf config.isNormalUser (lib.mkDefault "users");
    };
  enabled = lib.filterAttrs (_: u: u.enable) cfg.users;
  # One line for each, fields apart by the character 1F: read by the activation.
  line = fields: lib.concatStringsSep (builtins.fromJSON ''"\u001f"'') (map toString fields) + "\n";
in
{
  options.users = {
    mutableUsers = mkOption {
      type = types.bool;
      default = true;
    };
    allowNoPasswordLogin = flag;
    defaultUserShell = mkOption {
      type = types.either types.path types.shellPackage;
      default = "/bin/bash";
    };
    motd = nullable types.lines;
    users = mkOption {
      default = { };
      type = types.attrsOf (types.submodule user);
    };
    groups = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption {
                type = types.passwdEntry types.str;
                default = name;
              };
              gid = nullable types.int;
              members = mkOption {
                type = types.listOf (types.passwdEntry types.str);
                default = [ ];
              };
            };
          }
        )
      );
    };
  };

  config = {
    users.groups = {
      users = { };
      wheel = { };
    };
    users.users.root = {
      isSystemUser = lib.mkDefault true;
      group = lib.mkDefault "root";
      home = lib.mkDefault "/root";
      shell = lib.mkDefault "/bin/bash";
    };
    assertions = lib.concatLists (
      lib.mapAttrsToList (name: u: [
        {
          assertion = name == "root" || u.isNormalUser != u.isSystemUser;
          message = "Exactly one of users.users.${name}.isSystemUser and users.users.${name}.isNormalUser must be set.";
        }
        {
          assertion = u.group != "";
          message = "users.users.${name}.group is unset. This used to default to\nnogroup, but this is unsafe. For example you can create a group\nfor this user with:\nusers.users.${name}.group = \"${name}\";\nusers.groups.${name} = {};";
        }
      ]) enabled
    );
    system.build.userTable =
      lib.concatMapAttrsStringSep "" (
        _: g:
        line [
          "group"
          g.name
          g.gid
        ]
      ) cfg.groups
      + lib.concatMapAttrsStringSep "" (
        _: u:
        line [
          "user"
          u.name
          u.uid
          u.group
          (lib.concatStringsSep "," (
            lib.unique (
              u.extraGroups
              ++ map (g: g.name) (lib.filter (g: lib.elem u.name g.members) (lib.attrValues cfg.groups))
            )
          ))
          u.home
          (if u.createHome then "create" else "")
          (shellPath u.shell)
          (if u.isSystemUser then "system" else "normal")
          u.description
          (if u.hashedPassword == null then u.initialHashedPassword else u.hashedPassword)
          u.hashedPasswordFile
        ]
      ) (lib.removeAttrs enabled [ "root" ]);
    # NixOS' own form, which its activation names.
    system.build.accounts = pkgs.textFile "users-groups.json" (
      builtins.toJSON {
        inherit (cfg) mutableUsers;
        users = lib.mapAttrsToList (_: u: {
          inherit (u)
            name
            uid
            group
            description
            home
            homeMode
            createHome
            isSystemUser
            password
            hashedPassword
            hashedPasswordFile
            initialPassword
            initialHashedPassword
            ;
          shell = shellPath u.shell;
        }) enabled;
        groups = lib.mapAttrsToList (_: g: {
          inherit (g) name gid;
          members = lib.unique (
            g.members ++ map (u: u.name) (lib.filter (u: lib.elem g.name u.extraGroups) (lib.attrValues enabled))
          );
        }) cfg.groups;
      }
    );
    environment.systemPackages = lib.concatMap (u: u.packages) (lib.attrValues enabled);
    environment.etc = lib.mkMerge [
      (lib.mapAttrs' (
        _: u:
        lib.nameValuePair "ssh/authorized_keys.d/${u.name}" {
          # sshd reads no file below the store, which a group may write.
          mode = "0444";
          text = lib.concatLines (keysOf u);
        }
      ) (lib.filterAttrs (_: u: keysOf u != [ ]) enabled))
      { motd = lib.mkIf (cfg.motd != null) { text = cfg.motd; }; }
    ];
  };
}
