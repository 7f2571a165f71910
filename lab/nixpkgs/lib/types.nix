# The types of options: what values they take (`check`) and how definitions become one value (`merge`).
{ lib }:
let
  inherit (builtins)
    all
    attrNames
    elem
    filter
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    length
    mapAttrs
    ;
  inherit (lib)
    concatMapStringsSep
    mergeDefinitions
    mergeEqualOption
    mergeOneOption
    optionalAttrs
    showOption
    ;

  describe = value: if isString value then "\"${value}\"" else if isInt value then toString value else if isBool value then lib.boolToString value else "<${builtins.typeOf value}>";
  # A description that would be misread behind another one is put in brackets.
  phrase =
    classes: type:
    if elem (type.descriptionClass or null) classes then type.description else "(${type.description})";
  noun = phrase [ "noun" ];
  composite = phrase [
    "noun"
    "composite"
  ];
  conjunction = phrase [
    "noun"
    "conjunction"
  ];

  mkOptionType =
    {
      name,
      description ? name,
      descriptionClass ? "noun",
      check ? _: true,
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      getSubOptions ? _: { },
      getSubModules ? null,
      substSubModules ? _: null,
      nestedTypes ? { },
      functor ? plainFunctor name,
      typeMerge ? defaultTypeMerge functor,
      deprecationMessage ? null,
      # Whether errors name the type's own check, as those of newer types do.
      namesCheck ? false,
    }:
    {
      _type = "option-type";
      inherit
        name
        description
        descriptionClass
        check
        merge
        emptyValue
        getSubOptions
        getSubModules
        substSubModules
        nestedTypes
        functor
        typeMerge
        deprecationMessage
        namesCheck
        ;
    };

  # How a type is built again when two declarations of an option are merged: `type` of the merged payload.
  plainFunctor = name: {
    inherit name;
    type = types.${name} or null;
    wrapped = null;
    payload = null;
    binOp = _: _: null;
  };
  elementFunctor = name: build: elemType: {
    inherit name;
    wrapped = elemType;
    type = payload: build payload.elemType;
    payload = { inherit elemType; };
    binOp =
      a: b:
      let
        merged = a.elemType.typeMerge b.elemType.functor;
      in
      if merged == null then null else { elemType = merged; };
  };
  defaultTypeMerge =
    mine: theirs:
    if mine.name or null != theirs.name or null || mine.name or null == null then
      null
    else if mine.payload or null == null then
      (if theirs.payload or null == null then mine.type or null else null)
    else
      let
        payload = mine.binOp mine.payload theirs.payload;
      in
      if payload == null then null else mine.type payload;

  simple =
    name: description: check:
    mkOptionType {
      inherit name description check;
      merge = mergeEqualOption;
    };

  addCheckAs =
    name: description: type: check:
    types.addCheck type check
    // {
      inherit name description;
      descriptionClass = if lib.hasInfix ", meaning" description then "nonRestrictiveClause" else "noun";
      functor = type.functor // {
        inherit name;
      };
      typeMerge =
        theirs: if theirs.name or null == name then addCheckAs name description type check else null;
    };

  # One value per name, each from the definitions that have the name.
  mergeByName =
    loc: elemType: defs:
    builtins.zipAttrsWith (name: mergeDefinitions (loc ++ [ name ]) elemType) (
      map (
        d:
        mapAttrs (_: value: {
          inherit (d) file;
          inherit value;
        }) d.value
      ) defs
    );

  types = rec {
    inherit mkOptionType;
    isType = tag: value: value._type or "" == tag;
    setType = tag: value: value // { _type = tag; };
    isOptionType = isType "option-type";
    defaultFunctor = plainFunctor;
    optionDescriptionPhrase = _: type: type.description;

    raw = mkOptionType {
      name = "raw";
      description = "raw value";
      merge = mergeOneOption;
    };
    unspecified = mkOptionType {
      name = "unspecified";
      description = "unspecified value";
    };
    anything = mkOptionType {
      name = "anything";
      description = "anything";
      merge =
        loc: defs:
        let
          kinds = lib.unique (
            map (
              d:
              if isAttrs d.value && lib.strings.isStringLike d.value then
                "stringCoercibleSet"
              else
                builtins.typeOf d.value
            ) defs
          );
        in
        if length kinds != 1 then
          throw "The option `${showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles defs)}"
        else if kinds == [ "set" ] then
          (lazyAttrsOf anything).merge loc defs
        else if kinds == [ "lambda" ] && length defs > 1 then
          x:
          anything.merge (loc ++ [ "<function body>" ]) (
            map (d: {
              inherit (d) file;
              value = d.value x;
            }) defs
          )
        else
          mergeEqualOption loc defs;
    };

    bool = simple "bool" "boolean" isBool;
    boolByOr = mkOptionType {
      name = "boolByOr";
      description = "boolean (merged using or)";
      check = isBool;
      merge = _: defs: builtins.any (d: d.value) defs;
    };
    int = simple "int" "signed integer" isInt;
    float = simple "float" "floating point number" isFloat;
    number = either int float;
    ints =
      let
        between =
          lowest: highest:
          addCheckAs "intBetween" "integer between ${toString lowest} and ${toString highest} (both inclusive)" int (
            n: n >= lowest && n <= highest
          );
        sized =
          bits: signed:
          let
            span = lib.foldl' (n: _: n * 2) 1 (lib.range 1 (if signed then bits - 1 else bits));
            lowest = if signed then -span else 0;
          in
          addCheckAs "${if signed then "signed" else "unsigned"}Int${toString bits}"
            "${toString bits} bit ${
              if signed then "signed" else "unsigned"
            } integer; between ${toString lowest} and ${toString (span - 1)} (both inclusive)"
            int
            (n: n >= lowest && n < span);
      in
      {
        inherit between;
        unsigned = addCheckAs "unsignedInt" "unsigned integer, meaning >=0" int (n: n >= 0);
        positive = addCheckAs "positiveInt" "positive integer, meaning >0" int (n: n > 0);
        u8 = sized 8 false;
        u16 = sized 16 false;
        u32 = sized 32 false;
        s8 = sized 8 true;
        s16 = sized 16 true;
        s32 = sized 32 true;
      };
    port = addCheckAs "unsignedInt16" "16 bit unsigned integer; between 0 and 65535 (both inclusive)" int (
      n: n >= 0 && n <= 65535
    );
    numbers = {
      between = lowest: highest: addCheckAs "numberBetween" "integer or floating point number between ${toString lowest} and ${toString highest} (both inclusive)" number (n: n >= lowest && n <= highest);
      nonnegative = addCheckAs "numberNonnegative" "nonnegative integer or floating point number, meaning >=0" number (n: n >= 0);
      positive = addCheckAs "numberPositive" "positive integer or floating point number, meaning >0" number (n: n > 0);
    };

    str = simple "str" "string" isString;
    nonEmptyStr = simple "nonEmptyStr" "non-empty string" (
      text: isString text && builtins.match "[ \t\n]*" text == null
    );
    singleLineStr =
      let
        check = text: isString text && builtins.match "[^\n\r]*\n?" text != null;
      in
      mkOptionType {
        name = "singleLineStr";
        description = "(optionally newline-terminated) single-line string";
        inherit check;
        merge = loc: defs: lib.removeSuffix "\n" (mergeEqualOption loc defs);
      };
    strMatching =
      pattern:
      simple "strMatching ${lib.strings.escapeNixString pattern}" "string matching the pattern ${pattern}" (
        text: isString text && builtins.match pattern text != null
      );
    passwdEntry =
      entry:
      addCheckAs "passwdEntry ${entry.name}" "${entry.description}, not containing newlines or colons" entry (
        text: !(lib.hasInfix ":" text || lib.hasInfix "\n" text)
      );
    separatedString =
      separator:
      mkOptionType rec {
        name = "separatedString";
        description = "strings concatenated with ${builtins.toJSON separator}";
        check = isString;
        merge = _: defs: lib.concatStringsSep separator (lib.getValues defs);
        functor = plainFunctor name // {
          payload = { sep = separator; };
          type = payload: types.separatedString payload.sep;
          binOp = a: b: if a == b then a else null;
        };
      };
    lines = separatedString "\n";
    commas = separatedString ",";
    envVar = separatedString ":";

    path = pathWith { absolute = true; };
    pathInStore = pathWith { inStore = true; };
    externalPath = pathWith {
      absolute = true;
      inStore = false;
    };
    pathWith =
      {
        inStore ? null,
        absolute ? null,
      }:
      simple
        (
          if inStore == true then
            "pathInStore"
          else if inStore == false then
            "externalPath"
          else
            "path"
        )
        "${lib.optionalString (absolute == true) "absolute "}path${
          if inStore == true then
            " in the Nix store"
          else if inStore == false then
            " not in the Nix store"
          else
            ""
        }"
        (
          value:
          lib.strings.isStringLike value
          && (absolute == null || (builtins.substring 0 1 (toString value) == "/") == absolute)
          && (inStore == null || lib.hasPrefix "${builtins.storeDir}/" (toString value) == inStore)
        );
    package = mkOptionType {
      name = "package";
      description = "package";
      check = value: lib.isDerivation value || lib.isStorePath value;
      merge =
        loc: defs:
        let
          value = mergeOneOption loc defs;
        in
        if isPath value || (isString value && !builtins.hasContext value) then lib.toDerivation value else value;
    };
    shellPackage = package // {
      check = value: lib.isDerivation value && value ? shellPath;
    };
    pkgs = mkOptionType {
      name = "pkgs";
      description = "Nixpkgs package set";
      check = isAttrs;
      merge = mergeOneOption;
    };

    enum =
      values:
      mkOptionType rec {
        name = "enum";
        description =
          if values == [ ] then
            "impossible (empty enum)"
          else if length values == 1 then
            "value ${describe (head values)} (singular enum)"
          else
            "one of ${concatMapStringsSep ", " describe values}";
        descriptionClass = if length values < 2 then "noun" else "conjunction";
        check = value: elem value values;
        merge = mergeEqualOption;
        functor = plainFunctor name // {
          payload = { inherit values; };
          type = payload: types.enum payload.values;
          binOp = a: b: { values = lib.unique (a.values ++ b.values); };
        };
      };

    listOf =
      elemType:
      mkOptionType rec {
        name = "listOf";
        description = "list of ${composite elemType}";
        namesCheck = true;
        descriptionClass = "composite";
        check = isList;
        merge =
          loc: defs:
          let
            numbered = lib.imap1 (
              n: d:
              lib.imap1 (m: value: {
                loc = loc ++ [ "[definition ${toString n}-entry ${toString m}]" ];
                def = {
                  inherit (d) file;
                  inherit value;
                };
              }) d.value
            ) defs;
          in
          map (v: v.value) (
            filter (v: v ? value) (
              map (entry: (mergeDefinitions entry.loc elemType [ entry.def ]).optionalValue) (
                builtins.concatLists numbered
              )
            )
          );
        emptyValue.value = [ ];
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "*" ]);
        inherit (elemType) getSubModules;
        substSubModules = modules: types.listOf (elemType.substSubModules modules);
        nestedTypes.elemType = elemType;
        functor = elementFunctor name types.listOf elemType;
      };
    nonEmptyListOf =
      elemType:
      addCheckAs "nonEmptyListOf" "non-empty ${noun (listOf elemType)}" (listOf elemType) (xs: xs != [ ])
      // {
        emptyValue = { };
        substSubModules = modules: nonEmptyListOf (elemType.substSubModules modules);
      };

    attrs = mkOptionType {
      name = "attrs";
      description = "attribute set";
      check = isAttrs;
      merge = _: builtins.foldl' (all: d: all // d.value) { };
      emptyValue.value = { };
    };
    attrsOf = elemType: attrsWith { inherit elemType; };
    lazyAttrsOf = elemType: attrsWith { inherit elemType; lazy = true; };
    attrsWith =
      {
        elemType,
        lazy ? false,
        placeholder ? "name",
      }:
      mkOptionType rec {
        name = if lazy then "lazyAttrsOf" else "attrsOf";
        description = "${lib.optionalString lazy "lazy "}attribute set of ${composite elemType}";
        namesCheck = true;
        descriptionClass = "composite";
        check = isAttrs;
        merge =
          loc: defs:
          let
            merged = mergeByName loc elemType defs;
          in
          if lazy then
            mapAttrs (_: m: if m.isDefined then m.mergedValue else elemType.emptyValue.value or m.mergedValue) merged
          else
            mapAttrs (_: m: m.mergedValue) (lib.filterAttrs (_: m: m.isDefined) merged);
        emptyValue.value = { };
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<${placeholder}>" ]);
        inherit (elemType) getSubModules;
        substSubModules =
          modules:
          types.attrsWith {
            elemType = elemType.substSubModules modules;
            inherit lazy placeholder;
          };
        nestedTypes.elemType = elemType;
        functor = elementFunctor name (elemType: types.attrsWith { inherit elemType lazy placeholder; }) elemType;
      };
    attrTag =
      tags:
      mkOptionType {
        name = "attrTag";
        description = "attribute-tagged union with choices: ${lib.concatStringsSep ", " (attrNames tags)}";
        check = value: isAttrs value && length (attrNames value) == 1 && tags ? ${head (attrNames value)};
        merge =
          loc: defs:
          let
            tag = head (attrNames (head defs).value);
          in
          {
            ${tag} =
              (mergeDefinitions (loc ++ [ tag ]) tags.${tag}.type (
                map (d: d // { value = d.value.${tag}; }) defs
              )).mergedValue;
          };
        getSubOptions = prefix: mapAttrs (name: tag: tag // { loc = prefix ++ [ name ]; }) tags;
        nestedTypes = tags;
      };

    uniq = unique { message = ""; };
    unique =
      { message }:
      type:
      mkOptionType rec {
        name = "unique";
        inherit (type)
          description
          descriptionClass
          check
          emptyValue
          getSubOptions
          getSubModules
          ;
        merge = lib.mergeUniqueOption {
          inherit message;
          inherit (type) merge;
        };
        substSubModules = modules: uniq (type.substSubModules modules);
        nestedTypes.elemType = type;
        functor = elementFunctor name uniq type;
      };
    nullOr =
      elemType:
      mkOptionType rec {
        name = "nullOr";
        description = "null or ${conjunction elemType}";
        descriptionClass = "conjunction";
        check = value: value == null || elemType.check value;
        merge =
          loc: defs:
          let
            nulls = length (filter (d: d.value == null) defs);
          in
          if nulls == length defs then
            null
          else if nulls != 0 then
            throw "The option `${showOption loc}` is defined both null and not null, in ${lib.showFiles (lib.getFiles defs)}."
          else
            elemType.merge loc defs;
        emptyValue.value = null;
        inherit (elemType) getSubOptions getSubModules;
        substSubModules = modules: types.nullOr (elemType.substSubModules modules);
        nestedTypes.elemType = elemType;
        functor = elementFunctor name types.nullOr elemType;
      };
    functionTo =
      elemType:
      mkOptionType rec {
        name = "functionTo";
        description = "function that evaluates to a(n) ${composite elemType}";
        descriptionClass = "composite";
        check = isFunction;
        merge = loc: defs: {
          __functionArgs = lib.mergeAttrsList (map (d: builtins.functionArgs d.value) defs);
          __functor =
            _: x:
            (mergeDefinitions (loc ++ [ "<function body>" ]) elemType (
              map (d: d // { value = d.value x; }) defs
            )).mergedValue;
        };
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<function body>" ]);
        inherit (elemType) getSubModules;
        substSubModules = modules: types.functionTo (elemType.substSubModules modules);
        nestedTypes.elemType = elemType;
        functor = elementFunctor name types.functionTo elemType;
      };

    submodule =
      modules:
      submoduleWith {
        shorthandOnlyDefinesConfig = true;
        modules = lib.toList modules;
      };
    submoduleWith =
      {
        modules,
        specialArgs ? { },
        shorthandOnlyDefinesConfig ? false,
        description ? null,
        class ? null,
      }@given:
      let
        evaluate =
          prefix: more:
          lib.evalModules {
            inherit specialArgs class prefix;
            modules = [ { _module.args.name = lib.mkOptionDefault "‹name›"; } ] ++ modules ++ more;
          };
        base = evaluate [ ] [ ];
        # Without options of its own that would need a name, the freeform type can be told at once.
        freeformType = base._module.freeformType;
      in
      mkOptionType rec {
        name = "submodule";
        descriptionClass = null;
        description =
          if given.description or null != null then
            given.description
          else
            if freeformType == null then "submodule" else "open submodule of ${composite freeformType}";
        namesCheck = true;
        check = value: isAttrs value || isFunction value || path.check value;
        merge =
          loc: defs:
          (evaluate loc (
            [ { _module.args.name = lib.last loc; } ]
            ++ map (
              d:
              if isAttrs d.value && shorthandOnlyDefinesConfig == true then
                {
                  _file = d.file;
                  config = d.value;
                }
              else
                {
                  _file = d.file;
                  imports = [ d.value ];
                }
            ) defs
          )).config;
        emptyValue.value = { };
        getSubOptions =
          prefix:
          (evaluate prefix [ ]).options
          // optionalAttrs (freeformType != null) {
            _freeformOptions = freeformType.getSubOptions prefix;
          };
        getSubModules = modules;
        substSubModules = modules: submoduleWith (given // { inherit modules; });
        nestedTypes = optionalAttrs (freeformType != null) { inherit freeformType; };
        functor = plainFunctor name // {
          type = submoduleWith;
          payload = {
            inherit
              modules
              specialArgs
              shorthandOnlyDefinesConfig
              description
              class
              ;
          };
          binOp =
            a: b:
            if
              lib.all
                (
                  key:
                  a.${key} == null || b.${key} == null || a.${key} == b.${key}
                )
                [
                  "shorthandOnlyDefinesConfig"
                  "description"
                  "class"
                ]
            then
              {
                modules = a.modules ++ b.modules;
                specialArgs = a.specialArgs // b.specialArgs;
                shorthandOnlyDefinesConfig =
                  if a.shorthandOnlyDefinesConfig == null then
                    b.shorthandOnlyDefinesConfig
                  else
                    a.shorthandOnlyDefinesConfig;
                description = if a.description == null then b.description else a.description;
                class = if a.class == null then b.class else a.class;
              }
            else
              null;
        };
      };
    deferredModule = deferredModuleWith { };
    deferredModuleWith =
      {
        staticModules ? [ ],
      }:
      mkOptionType {
        name = "deferredModule";
        description = "module";
        check = value: isAttrs value || isFunction value || path.check value;
        merge = loc: defs: {
          imports =
            staticModules
            ++ map (d: lib.setDefaultModuleLocation "${d.file}, via option ${showOption loc}" d.value) defs;
        };
        getSubModules = staticModules;
        inherit (submoduleWith { modules = staticModules; }) getSubOptions;
        substSubModules = modules: deferredModuleWith { staticModules = modules; };
      };
    optionType = mkOptionType {
      name = "optionType";
      description = "optionType";
      check = isOptionType;
      merge =
        loc: defs:
        if length defs == 1 then
          (head defs).value
        else
          let
            merged = builtins.foldl' (
              type: d: if type == null then null else type.typeMerge d.value.functor
            ) (head defs).value (builtins.tail defs);
          in
          if merged == null then
            throw "The option `${showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles defs)}"
          else
            merged;
    };

    either =
      left: right:
      mkOptionType rec {
        name = "either";
        namesCheck = true;
        description =
          if left.descriptionClass == "nonRestrictiveClause" then
            "${left.description}, or ${conjunction right}"
          else
            "${conjunction left} or ${
              phrase [
                "noun"
                "conjunction"
                "composite"
              ] right
            }";
        descriptionClass = "conjunction";
        check = value: left.check value || right.check value;
        merge =
          loc: defs:
          let
            values = lib.getValues defs;
          in
          if all left.check values then
            left.merge loc defs
          else if all right.check values then
            right.merge loc defs
          else
            mergeOneOption loc defs;
        nestedTypes = {
          inherit left right;
        };
        functor = plainFunctor name // {
          payload = {
            elemType = [
              left
              right
            ];
          };
          type = payload: types.either (head payload.elemType) (lib.last payload.elemType);
          binOp =
            a: b:
            let
              l = (head a.elemType).typeMerge (head b.elemType).functor;
              r = (lib.last a.elemType).typeMerge (lib.last b.elemType).functor;
            in
            if l == null || r == null then
              null
            else
              {
                elemType = [
                  l
                  r
                ];
              };
        };
      };
    oneOf = types': lib.foldr (type: rest: if rest == null then type else either type rest) null types';
    coercedTo =
      from: coerce: to:
      mkOptionType rec {
        name = "coercedTo";
        description = "${noun to} or ${noun from} convertible to it";
        namesCheck = true;
        check = value: (from.check value && to.check (coerce value)) || to.check value;
        merge =
          loc: defs:
          to.merge loc (map (d: if from.check d.value then d // { value = coerce d.value; } else d) defs);
        inherit (to) emptyValue getSubOptions getSubModules;
        substSubModules = modules: types.coercedTo from coerce (to.substSubModules modules);
        typeMerge = _: null;
        nestedTypes = {
          coercedType = from;
          finalType = to;
        };
      };
    addCheck =
      type: check:
      type // { check = value: type.check value && check value; };
    luaInline = attrs;
    fileset = raw;
  };
in
types
