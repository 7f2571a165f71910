# Values as text.
{ lib }:
rec {
  # Nix-like, over several lines, as error messages show values.
  toPretty =
    {
      multiline ? true,
      indent ? "",
      ...
    }:
    let
      go =
        indent: depth: value:
        let
          break = if multiline then "\n${indent}  " else " ";
          close = if multiline then "\n${indent}" else " ";
          deeper = go "${indent}  " (depth + 1);
          kind = builtins.typeOf value;
        in
        if depth > 10 then
          "<unevaluated>"
        else if kind == "string" then
          prettyString indent value
        else if kind == "null" then
          "null"
        else if kind == "bool" then
          lib.boolToString value
        else if kind == "path" || kind == "int" then
          toString value
        else if kind == "float" then
          "~${toString value}"
        else if kind == "list" then
          if value == [ ] then
            "[ ]"
          else
            "[${break}${lib.concatMapStringsSep break deeper value}${close}]"
        else if kind == "lambda" then
          prettyFunction (builtins.functionArgs value)
        else if value.type or null == "derivation" then
          "<derivation ${value.name or "???"}>"
        else if value ? __functor then
          prettyFunction (value.__functionArgs or { })
        else if value == { } then
          "{ }"
        else
          "{${break}${
            lib.concatMapAttrsStringSep break (
              name: inner: "${lib.strings.escapeNixIdentifier name} = ${deeper inner};"
            ) value
          }${close}}";
    in
    go indent 0;

  prettyString =
    indent: text:
    let
      lines = lib.splitString "\n" text;
      literal = lib.replaceStrings [ "''" "\${" ] [ "'''" "''\${" ];
    in
    if builtins.length lines > 1 then
      "''\n${indent}  ${lib.concatMapStringsSep "\n${indent}  " literal lines}''"
    else
      lib.strings.escapeNixString text;

  prettyFunction =
    args:
    if args == { } then
      "<function>"
    else
      "<function, args: {${
        lib.concatMapAttrsStringSep ", " (name: hasDefault: name + lib.optionalString hasDefault "?") args
      }}>";

  withRecursion = { ... }: value: value;

  mkValueStringDefault = { }: value: if builtins.isBool value then lib.boolToString value else toString value;
  mkKeyValueDefault =
    {
      mkValueString ? mkValueStringDefault { },
    }:
    separator: key: value:
    "${lib.replaceStrings [ separator ] [ "\\${separator}" ] key}${separator}${mkValueString value}";
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      indent ? "",
    }:
    set:
    lib.concatLines (
      lib.concatLists (
        lib.mapAttrsToList (
          key: value:
          map (one: indent + mkKeyValue key one) (
            if listsAsDuplicateKeys then lib.toList value else [ value ]
          )
        ) set
      )
    );
  toINI =
    {
      mkSectionName ? name: name,
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    sections:
    lib.concatMapAttrsStringSep "\n" (
      name: set: "[${mkSectionName name}]\n${toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } set}"
    ) sections;
  toJSON = { }: builtins.toJSON;
  toYAML = toJSON;
}
