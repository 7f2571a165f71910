# NixOS' module system: modules are collected, options declared, definitions merged by their types.
# It follows nixpkgs in names, order, priorities and the words of its errors.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    attrNames
    concatLists
    concatMap
    elem
    filter
    foldl'
    functionArgs
    head
    intersectAttrs
    isAttrs
    isFunction
    isList
    isString
    length
    mapAttrs
    removeAttrs
    seq
    tail
    typeOf
    zipAttrsWith
    ;
  inherit (lib)
    concatMapStringsSep
    imap1
    isOption
    last
    optional
    optionalAttrs
    reverseList
    showFiles
    showOption
    unknownModule
    ;
  inherit (lib.options) showDefs;

  structural = [
    "_class"
    "_file"
    "key"
    "disabledModules"
    "imports"
    "require"
    "options"
    "config"
    "meta"
    "freeformType"
  ];
in
rec {
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkAssert =
    assertion: message: mkIf (if assertion then true else throw "\nFailed assertion: ${message}");
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  defaultOverridePriority = 100;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  defaultOrderPriority = 1000;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkDefinition = def: def // { _type = "definition"; };
  mkAliasDefinitions = mkAliasAndWrapDefinitions (x: x);
  mkAliasAndWrapDefinitions =
    wrap: option:
    mkIf (option.isDefined or false) (
      wrap (mkMerge (map (mkOverride (option.highestPrio or defaultOverridePriority)) option.definitions))
    );
  mkDerivedConfig =
    option: f:
    mkOverride (option.highestPrio or defaultOverridePriority) (f option.value);

  setDefaultModuleLocation = file: module: {
    _file = file;
    imports = [ module ];
  };

  evalModules =
    {
      modules,
      prefix ? [ ],
      specialArgs ? { },
      class ? null,
    }@given:
    let
      internal = {
        _file = "lib/modules.nix";
        key = "lib/modules.nix";
        options._module = {
          args = lib.mkOption {
            type = lib.types.lazyAttrsOf lib.types.raw;
            description = "Further arguments for the modules.";
          };
          check = lib.mkOption {
            type = lib.types.bool;
            default = true;
          };
          freeformType = lib.mkOption {
            type = lib.types.nullOr lib.types.optionType;
            default = null;
          };
          specialArgs = lib.mkOption {
            type = lib.types.attrs;
            readOnly = true;
          };
        };
        config._module = {
          args = {
            inherit extendModules;
            moduleType = type;
          };
          inherit specialArgs;
        };
      };

      args = {
        inherit
          config
          options
          lib
          specialArgs
          ;
        _class = class;
        _prefix = prefix;
      }
      // specialArgs;

      collected = collectModules class args (modules ++ [ internal ]);
      tree = mergeTree prefix (map (m: { inherit (m) _file options; }) collected) (
        concatMap (
          m:
          map (value: {
            file = m._file;
            inherit value;
          }) (pushDownProperties m.config)
        ) collected
      );
      options = tree.options;

      declared = lib.mapAttrsRecursiveCond (v: !isOption v) (_: option: option.value) options;
      freeform = declared._module.freeformType;
      freeformConfig =
        if tree.unknown == [ ] then
          { }
        else
          (mergeDefinitions prefix freeform (
            map (def: {
              inherit (def) file;
              value = lib.setAttrByPath (lib.drop (length prefix) def.loc) def.value;
            }) tree.unknown
          )).mergedValue;
      config =
        if freeform == null then
          declared
        else if removeAttrs options [ "_module" ] == { } then
          freeformConfig // { inherit (declared) _module; }
        else
          lib.recursiveUpdate freeformConfig declared;

      checked =
        if declared._module.check && freeform == null && tree.unknown != [ ] then
          throw (unknownOption prefix options (head tree.unknown))
        else
          null;

      extendModules =
        {
          modules ? [ ],
          specialArgs ? { },
          prefix ? given.prefix or [ ],
        }:
        evalModules (
          given
          // {
            inherit prefix;
            modules = given.modules ++ modules;
            specialArgs = given.specialArgs or { } // specialArgs;
          }
        );

      type = lib.types.submoduleWith { inherit modules specialArgs class; };
    in
    {
      _type = "configuration";
      options = seq checked options;
      config = seq checked (removeAttrs config [ "_module" ]);
      _module = seq checked config._module;
      inherit extendModules type class;
    };

  unknownOption =
    prefix: options: def:
    let
      parent = lib.init def.loc;
      siblings = attrNames (
        removeAttrs (lib.attrByPath (lib.drop (length prefix) parent) { } options) [ "_module" ]
      );
      wrong = last def.loc;
      near = filter (s: s.distance <= 2) (
        map (name: {
          inherit name;
          distance = lib.strings.levenshtein wrong name;
        }) (if length siblings > 2000 then [ ] else siblings)
      );
      names = map (s: "`${showOption (parent ++ [ s.name ])}'") (lib.take 3 (lib.sortOn (s: s.distance) near));
      suggestion =
        if names == [ ] then
          ""
        else if length names == 1 then
          "\n\nDid you mean ${head names}?"
        else
          "\n\nDid you mean ${lib.concatStringsSep ", " (lib.init names)} or ${last names}?";
      base = "The option `${showOption def.loc}' does not exist. Definition values:${showDefs [ def ]}${suggestion}";
    in
    if attrNames options != [ "_module" ] then
      base
    else if prefix == [ ] then
      "${base}\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n"
    else
      "${base}\n\nHowever there are no options defined in `${showOption prefix}'. Are you sure you've\ndeclared your options properly? This can happen if you e.g. declared your options in `types.submodule'\nunder `config' rather than `options'.\n";

  # Every module once (by key), importing ones before imported ones; what comes out is in the order in
  # which definitions merge, the innermost import first.
  collectModules =
    class: args: modules:
    let
      load =
        parentFile: parentKey: n: module:
        let
          anonymous = "${parentKey}:anon-${toString n}";
          loaded = loadModule args parentFile anonymous module;
        in
        if loaded._class != null && class != null && loaded._class != class then
          throw "The module `${loaded._file}` (class: \"${loaded._class}\") cannot be imported into a module evaluation that expects class \"${class}\"."
        else
          {
            inherit (loaded) key;
            module = loaded;
          };
      walked = map (node: node.module) (
        builtins.genericClosure {
          startSet = imap1 (load unknownModule "") modules;
          operator = node: imap1 (load node.module._file node.module.key) node.module.imports;
        }
      );
      disabled = concatMap (
        m: map disabledKey m.disabledModules
      ) walked;
      disabledKey =
        d:
        if isAttrs d && d ? key then
          toString d.key
        else if isString d && builtins.substring 0 1 d != "/" then
          "${toString args.modulesPath or ""}/${d}"
        else
          toString d;
      without =
        if disabled == [ ] then
          walked
        else
          # Walked again, so that what a disabled module imports goes too.
          map (node: node.module) (
            builtins.genericClosure {
              startSet = keep (imap1 (load unknownModule "") modules);
              operator = node: keep (imap1 (load node.module._file node.module.key) node.module.imports);
            }
          );
      keep = filter (node: !(elem node.key disabled));
    in
    reverseList without;

  loadModule =
    args: file: key: module:
    if isFunction module then
      structured file key (applyModule args key module)
    else if isAttrs module then
      if module._type or "module" == "module" then
        structured file key module
      else if module._type == "if" || module._type == "override" || module._type == "merge" then
        loadModule args file key { config = module; }
      else
        throw "Could not load a value as a module, because it is of type ${lib.strings.escapeNixString module._type}, in file ${toString file}."
    else if isList module then
      throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${
        showDefs [
          {
            inherit file;
            value = module;
          }
        ]
      }"
    else if builtins.isPath module || isString module || module ? outPath then
      let
        path = toString module;
        inner = import module;
      in
      structured path path (if isFunction inner then applyModule args path inner else inner)
    else
      throw "Expected a module, but found a value of type ${typeOf module}, while trying to load a module into ${toString file}.";

  # Only the arguments that a function names are passed: others may not even exist.
  applyModule =
    args: key: f:
    let
      extra = mapAttrs (
        name: _:
        addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          args.${name}
            or (addErrorContext "noting that argument `${name}` is not externally provided, so querying `_module.args` instead, requiring `config`" args.config._module.args.${name})
        )
      ) (functionArgs f);
    in
    f (args // extra);

  structured =
    file: key: m:
    let
      bad = attrNames (removeAttrs m structural);
      common = {
        _file = toString (m._file or file);
        _class = m._class or null;
        key = toString (m.key or key);
        disabledModules = m.disabledModules or [ ];
      };
      freeform =
        config:
        if m ? freeformType then
          mkMerge [
            config
            { _module.freeformType = m.freeformType; }
          ]
        else
          config;
    in
    if !isAttrs m then
      throw "module ${toString file} (${toString key}) does not look like a module."
    else if m ? config || m ? options then
      if bad != [ ] then
        throw "Module `${toString key}' has an unsupported attribute `${head bad}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString bad}) into the explicit `config' attribute."
      else
        common
        // {
          imports = m.imports or [ ];
          options = m.options or { };
          config = freeform (
            if m ? meta then
              mkMerge [
                (m.config or { })
                { inherit (m) meta; }
              ]
            else
              m.config or { }
          );
        }
    else
      common
      // {
        imports = m.require or [ ] ++ m.imports or [ ];
        options = { };
        config = freeform (
          removeAttrs m [
            "_class"
            "_file"
            "key"
            "disabledModules"
            "require"
            "imports"
            "freeformType"
          ]
        );
      };

  # mkIf, mkMerge and mkOverride around a set become ones around its values.
  pushDownProperties =
    config:
    if config._type or "" == "merge" then
      concatMap pushDownProperties config.contents
    else if config._type or "" == "if" then
      map (mapAttrs (_: mkIf config.condition)) (pushDownProperties config.content)
    else if config._type or "" == "override" then
      map (mapAttrs (_: mkOverride config.priority)) (pushDownProperties config.content)
    else
      [ config ];

  # declarations and definitions -> { options; unknown } below one place of the tree
  mergeTree =
    loc: declarations: definitions:
    let
      declsByName = zipAttrsWith (_: decls: decls) (
        map (
          d:
          if !isAttrs d.options then
            throw "An option declaration for `${showOption loc}' has type\n`${typeOf d.options}' rather than an attribute set.\nDid you mean to define this outside of `options'?\n"
          else
            mapAttrs (_: options: {
              inherit (d) _file;
              inherit options;
            }) d.options
        ) declarations
      );
      raw = zipAttrsWith (_: defs: defs) (
        map (
          d:
          if !isAttrs d.value then
            throw "In module `${d.file}', you're trying to define a value of type `${typeOf d.value}'\nrather than an attribute set for the option\n`${showOption loc}'!\n\nThis usually happens if `${showOption loc}' has option\ndefinitions inside that are not matched. Please check how to properly define\nthis option by e.g. referring to `man 5 configuration.nix'!\n"
          else
            mapAttrs (_: value: {
              inherit (d) file;
              inherit value;
            }) d.value
        ) definitions
      );
      nested = mapAttrs (
        name: decls:
        let
          here = loc ++ [ name ];
          leaves = filter (d: isOption d.options) decls;
          defs = raw.${name} or [ ];
          parent = head leaves;
        in
        if leaves == [ ] then
          mergeTree here decls (
            concatMap (
              d:
              map (value: {
                inherit (d) file;
                inherit value;
              }) (pushDownProperties d.value)
            ) defs
          )
        else if length leaves == length decls then
          {
            options = evalOption here (mergeDeclarations here decls) defs;
            unknown = [ ];
          }
        else if length leaves == 1 && parent.options.type.getSubModules or null != null then
          # Options declared below an option that holds a submodule are that submodule's.
          {
            options = evalOption here (mergeDeclarations here (
              leaves
              ++ map (d: {
                inherit (d) _file;
                options = lib.mkOption {
                  type = lib.types.submoduleWith {
                    modules = [ { options = d.options; } ];
                    shorthandOnlyDefinesConfig = null;
                  };
                };
              }) (filter (d: !isOption d.options) decls)
            )) defs;
            unknown = [ ];
          }
        else
          throw "The option `${showOption here}' in module `${parent._file}' would be a parent of the following options, but its type `${
            parent.options.type.description or "<no description>"
          }' does not support nested options.\n${
            concatMapStringsSep "\n" (
              d:
              concatMapStringsSep "\n" (
                child: " - option(s) with prefix `${showOption (here ++ [ child ])}' in module `${d._file}'"
              ) (attrNames d.options)
            ) (filter (d: !isOption d.options) decls)
          }"
      ) declsByName;
      strangers = removeAttrs raw (attrNames declsByName);
    in
    {
      options = mapAttrs (_: n: n.options) nested;
      unknown =
        concatLists (
          lib.mapAttrsToList (
            name: defs:
            map (
              d:
              d
              // {
                loc = loc ++ [ name ];
              }
            ) defs
          ) strangers
        )
        ++ concatMap (name: nested.${name}.unknown) (attrNames (intersectAttrs raw nested));
    };

  # Several declarations of one option: their types must agree.
  mergeDeclarations =
    loc: decls:
    foldl'
      (
        option: d:
        let
          next = d.options;
          both = filter (name: option ? ${name} && next ? ${name}) [
            "default"
            "example"
            "description"
            "apply"
          ];
          merged = option.type.typeMerge next.type.functor;
          clash = "The option `${showOption loc}' in `${d._file}' is already declared in ${showFiles option.declarations}.";
        in
        (
          if option.declarations == [ ] then
            option // next
          else if both != [ ] then
            throw clash
          else if option ? type && next ? type then
            option // next // { type = if merged == null then throw clash else merged; }
          else
            option // next
        )
        // {
          declarations = option.declarations ++ [ d._file ];
          submodules =
            option.submodules
            ++ (
              if next.type.getSubModules or null == null then
                [ ]
              else
                map (setDefaultModuleLocation d._file) next.type.getSubModules
            );
        }
      )
      {
        declarations = [ ];
        submodules = [ ];
      }
      decls;

  evalOption =
    loc: declared: definitions:
    let
      bare = declared.type or lib.types.unspecified;
      type = if declared.submodules == [ ] then bare else bare.substSubModules declared.submodules;
      defs =
        optional (declared ? default) {
          file = head declared.declarations;
          value = mkOptionDefault declared.default;
        }
        ++ definitions;
      result =
        if declared.readOnly or false && length defs > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${showDefs defs}"
        else
          mergeDefinitions loc type defs;
      value = if declared ? apply then declared.apply result.mergedValue else result.mergedValue;
    in
    removeAttrs declared [ "submodules" ]
    // {
      _type = "option";
      inherit loc type;
      options = [ ];
      value = addErrorContext "while evaluating the option `${showOption loc}':" (
        if declared ? deprecationMessage then lib.warn declared.deprecationMessage value else value
      );
      inherit (result) isDefined;
      highestPrio = result.defsFinal'.highestPrio;
      definitions = map (d: d.value) result.defsFinal;
      files = map (d: d.file) result.defsFinal;
      definitionsWithLocations = result.defsFinal;
      __toString = _: showOption loc;
    };

  # The value of one place from its definitions: conditions first, then priorities, then order, then the type.
  mergeDefinitions =
    loc: type: defs:
    rec {
      defsFinal' =
        let
          normal = concatMap (
            d:
            map (value: {
              inherit (d) file;
              inherit value;
            }) (addErrorContext "while evaluating definitions from `${d.file}':" (dischargeProperties d.value))
          ) defs;
          strongest = filterOverrides' normal;
        in
        {
          values = sortProperties strongest.values;
          inherit (strongest) highestPrio;
        };
      defsFinal = defsFinal'.values;
      isDefined = defsFinal != [ ];
      mergedValue =
        if isDefined then
          if all (d: type.check d.value) defsFinal then
            type.merge loc defsFinal
          else
            throw "A definition for option `${showOption loc}' is not of type `${type.description}'. ${
              lib.optionalString (type.namesCheck or false) "TypeError: "
            }Definition values:${
              showDefs (filter (d: !type.check d.value) defsFinal)
            }"
        else if type.emptyValue ? value then
          type.emptyValue.value
        else
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.";
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };

  dischargeProperties =
    value:
    if value._type or "" == "merge" then
      concatMap dischargeProperties value.contents
    else if value._type or "" == "if" then
      if !builtins.isBool value.condition then
        throw "‘mkIf’ called with a non-Boolean condition"
      else if value.condition then
        dischargeProperties value.content
      else
        [ ]
    else
      [ value ];

  filterOverrides = defs: (filterOverrides' defs).values;
  filterOverrides' =
    defs:
    let
      prioOf = d: if d.value._type or "" == "override" then d.value.priority else defaultOverridePriority;
      highestPrio = foldl' (prio: d: lib.min prio (prioOf d)) 9999 defs;
      strip = d: if d.value._type or "" == "override" then d // { value = d.value.content; } else d;
    in
    {
      values = map strip (filter (d: prioOf d == highestPrio) defs);
      inherit highestPrio;
    };

  sortProperties =
    defs:
    let
      strip =
        d:
        if d.value._type or "" == "order" then
          d
          // {
            value = d.value.content;
            inherit (d.value) priority;
          }
        else
          d;
      prioOf = d: d.priority or defaultOrderPriority;
    in
    if lib.any (d: d.value._type or "" == "order") defs then
      builtins.sort (a: b: prioOf a < prioOf b) (map strip defs)
    else
      defs;

  importApply = path: args: setDefaultModuleLocation path (import path args);

  mkRemovedOptionModule =
    path: instructions:
    { options, ... }:
    {
      options = lib.setAttrByPath path (
        lib.mkOption {
          visible = false;
          apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${instructions}";
        }
      );
      config.assertions =
        let
          option = lib.getAttrFromPath path options;
        in
        [
          {
            assertion = !option.isDefined;
            message = "The option definition `${showOption path}' in ${showFiles option.files} no longer has any effect; please remove it.\n${instructions}";
          }
        ];
    };
  mkRenamedOptionModuleWith = { from, to, ... }: mkAliasOption true from to;
  mkChangedOptionModule =
    from: to: change:
    { config, options, ... }:
    {
      options = lib.setAttrByPath from (
        lib.mkOption {
          visible = false;
          type = (lib.getAttrFromPath to options).type or lib.types.unspecified;
        }
      );
      config = mkIf (lib.getAttrFromPath from options).isDefined (lib.setAttrByPath to (change config));
    };
  mkRenamedOptionModule = mkAliasOption true;
  mkAliasOptionModule = mkAliasOption false;
  mkAliasOption =
    warns: from: to:
    { config, options, ... }:
    let
      old = lib.getAttrFromPath from options;
    in
    {
      options = lib.setAttrByPath from (
        lib.mkOption {
          visible = false;
          type = (lib.getAttrFromPath to options).type or (lib.types.submodule { });
          description = "Alias of `${showOption to}`.";
          apply = _: lib.getAttrFromPath to config;
        }
      );
      config = mkMerge (
        optional (warns && options ? warnings) {
          warnings = optional old.isDefined "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
        }
        ++ [ (lib.setAttrByPath to (mkAliasDefinitions old)) ]
      );
    };
}
