# What three levels make of an option, by its type: { case = value of the option; }
{ lib, levels }:
let
  inherit (lib) mkOption types;
  json = lib.fix (
    self:
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.str
        (types.attrsOf self)
        (types.listOf self)
      ]
    )
  );
  unit = types.submodule {
    options = {
      enable = mkOption {
        type = types.bool;
        default = false;
      };
      text = mkOption { type = types.str; };
      ports = mkOption {
        type = types.listOf types.port;
        default = [ ];
      };
      deep.er = mkOption { type = types.nullOr types.str; };
    };
  };
  open = types.submodule {
    freeformType = json;
    options.known = mkOption { type = types.str; };
  };
  toModule = level: levels.toModule (_: { inherit lib; }) level "module";

  # A file's module stands beside the levels: its plain values have priority 100.
  evaluate =
    {
      type,
      file ? null,
      ...
    }@levelled:
    (lib.evalModules {
      modules = [
        {
          options.it = mkOption { inherit type; };
          config._module.args.pkgs = { };
        }
      ]
      ++ lib.optional (file != null) { config.it = file; }
      ++
        lib.mapAttrsToList
          (
            kind: it:
            toModule {
              inherit kind;
              place = "${kind}.yaml";
              module = scope: { config.it = if lib.isFunction it then it scope else it; };
            }
          )
          (
            removeAttrs levelled [
              "type"
              "file"
            ]
          );
    }).config.it;
  derivation = name: {
    type = "derivation";
    outPath = "/nix/store/${name}";
    inherit name;
  };
in
builtins.mapAttrs (_: evaluate) {
  text = {
    type = types.str;
    domain = "domain";
    cluster = "cluster";
    machine = "machine";
  };
  clusterOverDomain = {
    type = types.str;
    domain = "domain";
    cluster = "cluster";
  };
  fileOverCluster = {
    type = types.str;
    cluster = "cluster";
    file = "file";
  };
  clusterOverDefault = {
    type = types.str;
    cluster = "cluster";
    file = lib.mkDefault "file";
  };
  machineForcesFile = {
    type = types.str;
    machine = { force, ... }: force "machine";
    file = "file";
  };
  nearerForceWins = {
    type = types.str;
    domain = { force, ... }: force "domain";
    cluster = { force, ... }: force "cluster";
    machine = { force, ... }: force "machine";
  };
  clusterForcesMachine = {
    type = types.str;
    cluster = { force, ... }: force "cluster";
    machine = "machine";
  };
  lines = {
    type = types.lines;
    cluster = "cluster";
    machine = "machine";
  };
  lists = {
    type = types.listOf types.int;
    domain = [ 1 ];
    cluster = [ 2 ];
    machine = [ 3 ];
  };
  forcedList = {
    type = types.listOf types.int;
    cluster = [ 2 ];
    machine = { force, ... }: force [ 3 ];
  };
  nullOverText = {
    type = types.nullOr types.str;
    cluster = "cluster";
    machine = null;
  };
  nullOfCluster = {
    type = types.nullOr types.str;
    cluster = null;
    machine = "machine";
  };
  submodule = {
    type = unit;
    domain = {
      text = "domain";
      deep.er = "domain";
      ports = [ 1 ];
    };
    cluster = {
      enable = true;
      text = "cluster";
      ports = [ 2 ];
    };
    machine = {
      text = "machine";
      ports = [ 3 ];
    };
  };
  submodules = {
    type = types.attrsOf unit;
    domain.a = {
      text = "domain";
      deep.er = null;
    };
    cluster.a.text = "cluster";
    machine.b = {
      text = "machine";
      deep.er = "machine";
    };
  };
  freeform = {
    type = open;
    domain = {
      known = "domain";
      other = {
        port = 1;
        hosts = [ "domain" ];
      };
    };
    cluster = {
      known = "cluster";
      other.port = 2;
    };
    machine.other = {
      port = 3;
      hosts = [ "machine" ];
    };
  };
  json = {
    type = json;
    domain.a = {
      b = 1;
      c = "domain";
    };
    cluster.a.b = 2;
    machine.a.d = [ { e = 1; } ];
  };
  anything = {
    type = types.anything;
    domain.a = {
      b = 1;
      list = [ { domain = 1; } ];
    };
    cluster.a = {
      b = 2;
      list = [ { cluster = 1; } ];
    };
  };
  attrsAlone = {
    type = types.attrs;
    cluster = {
      a = 1;
      b.c = 2;
    };
  };
  attrsMerged = {
    type = types.attrs;
    cluster.a = 1;
    machine.b = 2;
  };
  rawAlone = {
    type = types.raw;
    cluster.a.b = 1;
  };
  rawText = {
    type = types.raw;
    cluster = "cluster";
    machine = "machine";
  };
  listContent = {
    type = types.listOf types.attrs;
    cluster = [ { a = 1; } ];
  };
  listOfSubmodules = {
    type = types.listOf unit;
    cluster = [
      {
        text = "cluster";
        deep.er = null;
      }
    ];
  };
  attrsOfText = {
    type = types.attrsOf types.str;
    domain = {
      a = "domain";
      b = "domain";
    };
    cluster.a = "cluster";
  };
  attrsOfLists = {
    type = types.lazyAttrsOf (types.listOf types.str);
    domain.a = [ "domain" ];
    cluster.a = [ "cluster" ];
  };
  eitherSet = {
    type = types.either types.str (types.attrsOf types.int);
    domain = {
      a = 1;
      b = 1;
    };
    cluster.a = 2;
  };
  eitherText = {
    type = types.either types.str (types.attrsOf types.int);
    domain = "domain";
    cluster = "cluster";
  };
  coercedText = {
    type = types.coercedTo types.int toString types.str;
    domain = 1;
    cluster = 2;
  };
  coercedList = {
    type = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: true)) (
      types.attrsOf types.bool
    );
    domain = [ "a" ];
    cluster.b = true;
    machine.b = false;
  };
  unique = {
    type = types.uniq types.str;
    domain = "domain";
    cluster = "cluster";
  };
  conditional = {
    type = unit;
    domain = lib.mkIf true {
      text = "domain";
      deep.er = null;
    };
    cluster = lib.mkMerge [
      { text = "cluster"; }
      { enable = lib.mkIf false true; }
    ];
  };
  ordered = {
    type = types.listOf types.str;
    domain = lib.mkAfter [ "domain" ];
    machine = [ "machine" ];
  };
  package = {
    type = types.package;
    domain = derivation "domain";
    cluster = derivation "cluster";
  };
  packages = {
    type = types.listOf types.package;
    domain = [ (derivation "domain") ];
    cluster = [ (derivation "cluster") ];
  };
}
