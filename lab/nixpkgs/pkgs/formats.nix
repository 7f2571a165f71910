# `pkgs.formats`: a type for settings, and what writes them to a file.
{ lib, pkgs }:
let
  inherit (lib) types;
  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
    ]
  );
  nested =
    name:
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.float
        types.str
        types.path
        (types.attrsOf (nested name))
        (types.listOf (nested name))
      ]
    )
    // {
      description = "${name} value";
    };
in
{
  json = { }: {
    type = nested "JSON";
    generate = name: value: pkgs.writeText name (builtins.toJSON value);
  };
  yaml = { }: {
    type = nested "YAML";
    generate = name: value: pkgs.writeText name (builtins.toJSON value);
  };
  ini = args: {
    type = types.attrsOf (types.attrsOf atom);
    generate = name: value: pkgs.writeText name (lib.generators.toINI args value);
  };
  keyValue = args: {
    type = types.attrsOf atom;
    generate = name: value: pkgs.writeText name (lib.generators.toKeyValue args value);
  };
}
