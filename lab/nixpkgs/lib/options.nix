# Options: declaring them, and how errors name them.
{ lib }:
rec {
  isOption = value: value._type or null == "option";
  mkOption = option: { _type = "option"; } // option;
  mkEnableOption =
    what:
    mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = "Whether to enable ${what}.";
    };
  mkPackageOption =
    pkgs: names:
    {
      default ? names,
      nullable ? false,
      example ? null,
      extraDescription ? "",
      pkgsText ? "pkgs",
    }:
    let
      path = lib.toList (if default == null then names else default);
    in
    mkOption (
      {
        type = if nullable then lib.types.nullOr lib.types.package else lib.types.package;
        description = "The ${lib.concatStringsSep " " (lib.toList names)} package to use. ${extraDescription}";
      }
      // lib.optionalAttrs (default != null) { default = lib.getAttrFromPath path pkgs; }
    );

  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  literalMD = text: {
    _type = "literalMD";
    inherit text;
  };

  getValues = map (def: def.value);
  getFiles = map (def: def.file);

  unknownModule = "<unknown-file>";

  # `environment.etc."a.b".text`; placeholders such as <name> and * are left bare.
  showOption =
    loc:
    lib.concatMapStringsSep "." (
      name:
      if
        builtins.elem name [
          "*"
          "<name>"
          "<function body>"
        ]
        || builtins.match "<.*>" name != null
      then
        name
      else
        lib.strings.escapeNixIdentifier name
    ) loc;
  showFiles = files: lib.concatMapStringsSep " and " (file: "`${file}'") files;
  showDefs = lib.concatMapStrings (
    def:
    let
      shown = builtins.tryEval (
        let
          text = lib.generators.toPretty { } def.value;
        in
        builtins.seq (builtins.stringLength text) text
      );
      lines = lib.splitString "\n" shown.value;
      short = lib.concatStringsSep "\n    " (
        lib.take 5 lines ++ lib.optional (builtins.length lines > 5) "..."
      );
    in
    "\n- In `${def.file}'"
    + (
      if !shown.success then
        ""
      else if builtins.length lines > 1 then
        ":\n    ${short}"
      else
        ": ${short}"
    )
  );

  priorityHint = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  mergeDefaultOption =
    loc: defs:
    let
      values = getValues defs;
    in
    if builtins.length values == 1 then
      builtins.head values
    else if builtins.all builtins.isFunction values then
      x: mergeDefaultOption loc (map (def: def // { value = def.value x; }) defs)
    else if builtins.all builtins.isList values then
      builtins.concatLists values
    else if builtins.all builtins.isAttrs values then
      builtins.foldl' (all: value: all // value) { } values
    else if builtins.all builtins.isBool values then
      builtins.any (value: value) values
    else if builtins.all builtins.isString values then
      lib.concatStrings values
    else
      throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";
  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    {
      message ? "",
      merge ? null,
    }:
    loc: defs:
    if builtins.length defs != 1 then
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\n${priorityHint}"
    else if merge == null then
      (builtins.head defs).value
    else
      merge loc defs;
  mergeEqualOption =
    loc: defs:
    let
      first = builtins.head defs;
      odd = builtins.filter (def: def.value != first.value) (builtins.tail defs);
    in
    if builtins.length defs == 1 || odd == [ ] then
      first.value
    else
      throw "The option `${showOption loc}' has conflicting definition values:${
        showDefs [
          first
          (builtins.head odd)
        ]
      }\n${priorityHint}";
}
