# nixpkgs' `lib`, as far as modules use it: each area is reachable by its own name and in one flat set.
let
  areas = {
    trivial = import ./trivial.nix;
    lists = import ./lists.nix;
    attrsets = import ./attrsets.nix;
    strings = import ./strings.nix { inherit lib; };
    generators = import ./generators.nix { inherit lib; };
    options = import ./options.nix { inherit lib; };
    modules = import ./modules.nix { inherit lib; };
    asserts = import ./asserts.nix;
    fileset = import ./fileset.nix { inherit lib; };
    filesystem = import ./filesystem.nix { inherit lib; };
    meta = import ./meta.nix { inherit lib; };
    types = import ./types.nix { inherit lib; };
  };
  flat = builtins.removeAttrs areas [
    "types"
    "generators"
    "fileset"
  ];
  # Names of an area that nixpkgs does not have in its flat set: what evaluates here is to evaluate there.
  withinTheirArea = [
    "applyModule"
    "collectModules"
    "defaultOrderPriority"
    "defaultOverridePriority"
    "escapeNixIdentifier"
    "escapeNixString"
    "evalOption"
    "filterOverrides'"
    "findFirstIndex"
    "importApply"
    "isConvertibleWithToString"
    "levenshtein"
    "listFilesRecursive"
    "loadModule"
    "lowerLetters"
    "mergeDeclarations"
    "mergeTree"
    "mkAliasOption"
    "priorityHint"
    "release"
    "reverseValues"
    "sanitizeDerivationName"
    "showDefs"
    "structured"
    "trivialRelease"
    "unionOfDisjoint"
    "unknownOption"
    "upperLetters"
    "versionSuffix"
  ];
  together = builtins.foldl' (all: area: all // flat.${area}) { } (builtins.attrNames flat);
  lib = areas // builtins.removeAttrs together withinTheirArea // {
    inherit (areas.types)
      mkOptionType
      isType
      setType
      isOptionType
      ;
    version = areas.trivial.release;
    platforms = {
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      all = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      unix = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    };
    systems.elaborate =
      given:
      let
        platform = if builtins.isAttrs given then given else { system = given; };
        cpu = builtins.head (builtins.split "-" platform.system);
      in
      {
        config = platform.system;
        isLinux = true;
        isx86_64 = cpu == "x86_64";
        isAarch64 = cpu == "aarch64";
        isDarwin = false;
        parsed.cpu.name = cpu;
        linuxArch = cpu;
      }
      // platform;
    licenses = builtins.mapAttrs (spdxId: fullName: { inherit spdxId fullName; free = true; }) {
      mit = "MIT License";
      asl20 = "Apache License 2.0";
      gpl3Plus = "GNU General Public License v3.0 or later";
    };
    maintainers = { };
    fetchers.proxyImpureEnvVars = [
      "http_proxy"
      "https_proxy"
      "no_proxy"
    ];
  };
in
lib
