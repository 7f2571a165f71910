# What a domain, a cluster or a host gives to NixOS, as a module of its own.
#
# Lists concatenate and sets merge as NixOS does it. Plain values would conflict, so an outer level's
# get a weaker priority: the host's wins over the cluster's, which wins over the domain's.
{ lib }:
let
  inherit (builtins) isAttrs isList mapAttrs;

  priorities = {
    domain = {
      plain = 120;
      force = 52;
    };
    cluster = {
      plain = 110;
      force = 51;
    };
    machine = {
      plain = 100;
      force = 50;
    };
    vhost = priorities.machine;
  };

  # Sets that are one value: packages, and whatever else turns into text.
  isOne = value: value ? outPath || value ? __toString || value ? __functor;

  # Sees through `mkIf` and `mkMerge`; what has a priority or an order already stays as it is.
  through =
    change: value:
    if !isAttrs value || !(value ? _type) then
      change value
    else if value._type == "if" then
      value // { content = through change value.content; }
    else if value._type == "merge" then
      value // { contents = map (through change) value.contents; }
    else
      value;

  # Gives the plain values of a set of settings this priority, each where its option's type takes
  # values of several priorities apart. Only types decide where that is: a priority inside of a type
  # that does not know them, or inside of a list, would end up in the value itself.
  weaken =
    priority:
    let
      override = lib.mkOverride priority;
      leaf = value: if isList value || (isAttrs value && !isOne value) then value else override value;
      untouched = value: value;
      each = change: value: if isAttrs value then mapAttrs (_: change) value else value;

      # Type -> value -> value. All that does not depend on the value is worked out once.
      ofType = type: through ((kinds.${type.name} or (_: leaf)) type);

      kinds = {
        anything =
          type: value:
          if isAttrs value && !isOne value then mapAttrs (_: ofType type) value else override value;
        attrsOf = type: each (ofType type.nestedTypes.elemType);
        lazyAttrsOf = kinds.attrsOf;
        nullOr =
          type:
          let
            inner = ofType type.nestedTypes.elemType;
          in
          value: if value == null then override value else inner value;
        unique = type: ofType type.nestedTypes.elemType;
        uniq = kinds.unique;
        either =
          type:
          let
            inherit (type.nestedTypes) left right;
            inLeft = ofType left;
            inRight = ofType right;
          in
          value: if left.check value then inLeft value else inRight value;
        coercedTo =
          type:
          let
            inner = ofType type.nestedTypes.finalType;
          in
          value: if type.nestedTypes.coercedType.check value then leaf value else inner value;
        submodule =
          type:
          let
            options = type.getSubOptions [ ];
            freeform = type.nestedTypes.freeformType or (options._module.freeformType.value or null);
            inner = ofOptions options freeform;
          in
          value: if isAttrs value then inner value else value;
        attrTag = kinds.submodule;
        # Their definitions are functions and modules, which NixOS merges by itself.
        functionTo = _: untouched;
        deferredModule = _: untouched;
      };

      # The type that a freeform type has for what is below one of its names.
      below =
        type: if type == null || type.name == "anything" then type else type.nestedTypes.elemType or null;

      # A set of options, and the type of what is none.
      ofOptions =
        options: freeform:
        let
          ofName =
            name:
            if !(options ? ${name}) then
              if freeform == null || below freeform == null then untouched else ofType (below freeform)
            else if options.${name}._type or null == "option" then
              ofType options.${name}.type
            else
              ofOptions options.${name} (below freeform);
        in
        through (value: if isAttrs value then mapAttrs ofName value else value);
    in
    options: ofOptions options null;

  # What a part of a level says, with the level's own strength of `!force`.
  contentOf =
    scope: level: part:
    (level.${part} or (_: { })) (scope // { force = lib.mkOverride priorities.${level.kind}.force; });
in
{
  inherit priorities weaken contentOf;

  # The names of a level's settings are known before any option is: only their priorities are not.
  toModule =
    scopeOf: level: part:
    {
      pkgs,
      config,
      options,
      ...
    }@args:
    let
      priority = priorities.${level.kind};
      content = contentOf (scopeOf args) level part;
      # 100 is what a plain value has anyway.
      weakened = if priority.plain == 100 then _: settings: settings else weaken priority.plain;

      # A user's modules are no settings of the option that takes them: their priorities are of
      # options inside of it.
      home =
        {
          imports ? [ ],
          config ? { },
        }:
        { options, ... }:
        {
          _file = level.place;
          inherit imports;
          config = weakened options config;
        };
      homes = {
        _file = level.place;
        imports = [
          {
            # Once, though several levels may bring it.
            key = "nixcluster/home-manager";
            imports = [ (scopeOf args).inputs.home-manager.nixosModules.home-manager ];
            config.home-manager.extraSpecialArgs = builtins.intersectAttrs {
              inputs = null;
              nixcluster = null;
            } args;
          }
        ];
        config.home-manager.users = mapAttrs (_: home) content.homes;
      };
    in
    {
      _file = level.place;
      imports = content.imports or [ ] ++ lib.optional (content ? homes) homes;
      config = weakened options (content.config or { });
    };
}
