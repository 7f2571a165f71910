# The options of `settings`, made from the controller's own schema: one place says what they are.
{ lib }:
let
  inherit (lib) mkOption types;
  schema = lib.importJSON ../schemas/controller.schema.json;

  whole =
    part:
    if part ? "$ref" then schema."$defs".${lib.removePrefix "#/$defs/" part."$ref"} // part else part;

  typeOf =
    part:
    if part ? enum then
      types.enum part.enum
    else if builtins.isList part.type then
      types.oneOf (map (type: typeOf (part // { inherit type; })) part.type)
    else
      {
        boolean = types.bool;
        integer = types.int;
        number = types.number;
        string = types.str;
        array = types.listOf (typeOf (whole part.items));
        object = types.submodule { options = optionsOf part; };
      }
      .${part.type};

  # What has no default is left out of the file where it is null.
  optionOf =
    isRequired: given:
    let
      part = whole given;
      type = typeOf part;
    in
    mkOption (
      {
        inherit (part) description;
        type = if isRequired || part ? default then type else types.nullOr type;
      }
      // lib.optionalAttrs (!isRequired) { default = part.default or null; }
      // lib.optionalAttrs (part ? examples) { example = builtins.head part.examples; }
    );

  optionsOf =
    part: lib.mapAttrs (name: optionOf (builtins.elem name part.required or [ ])) part.properties;
in
types.submodule { options = optionsOf schema; }
