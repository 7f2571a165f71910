# Attribute sets.
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
  mergeAttrsList = builtins.foldl' (all: set: all // set) { };
  filterAttrs =
    wanted: set:
    removeAttrs set (builtins.filter (name: !(wanted name set.${name})) (attrNames set));
  filterAttrsRecursive =
    wanted: set:
    mapAttrs (_: value: if builtins.isAttrs value then filterAttrsRecursive wanted value else value) (
      filterAttrs wanted set
    );
  genAttrs = names: f: genAttrs' names (name: nameValuePair name (f name));
  genAttrs' = xs: f: listToAttrs (map f xs);
  getAttrs = names: set: builtins.listToAttrs (map (name: nameValuePair name set.${name}) names);
  optionalAttrs = condition: set: if condition then set else { };
  attrVals = names: set: map (name: set.${name}) names;
  zipAttrs = zipAttrsWith (_: values: values);
  foldAttrs =
    f: zero: sets:
    mapAttrs (_: values: builtins.foldl' (acc: value: f value acc) zero (reverseValues values)) (zipAttrs sets);
  reverseValues = xs: builtins.genList (n: builtins.elemAt xs (builtins.length xs - 1 - n)) (builtins.length xs);
  foldlAttrs =
    f: zero: set:
    builtins.foldl' (acc: name: f acc name set.${name}) zero (attrNames set);
  isDerivation = value: value.type or null == "derivation";
  toDerivation = path: {
    type = "derivation";
    name = builtins.baseNameOf path;
    outPath = path;
  };
  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else
      let
        name = builtins.head path;
      in
      if set ? ${name} then attrByPath (builtins.tail path) default set.${name} else default;
  hasAttrByPath =
    path: set:
    path == [ ]
    || (set ? ${builtins.head path} && hasAttrByPath (builtins.tail path) set.${builtins.head path});
  getAttrFromPath =
    path: set:
    builtins.foldl' (
      at: name: at.${name} or (throw "cannot find attribute '${builtins.concatStringsSep "." path}'")
    ) set path;
  setAttrByPath =
    path: value:
    if path == [ ] then
      value
    else
      { ${builtins.head path} = setAttrByPath (builtins.tail path) value; };
  recursiveUpdateUntil =
    stop: left: right:
    let
      go =
        path: left: right:
        left
        // mapAttrs (
          name: new:
          let
            here = path ++ [ name ];
          in
          if left ? ${name} && !(stop here left.${name} new) then go here left.${name} new else new
        ) right;
    in
    go [ ] left right;
  recursiveUpdate = recursiveUpdateUntil (
    _: left: right:
    !(builtins.isAttrs left && builtins.isAttrs right)
  );
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    into: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          if builtins.isAttrs value && into value then
            go (path ++ [ name ]) value
          else
            f (path ++ [ name ]) value
        );
    in
    go [ ] set;
  collect =
    wanted: set:
    if wanted set then
      [ set ]
    else if builtins.isAttrs set then
      builtins.concatMap (collect wanted) (attrValues set)
    else
      [ ];
  cartesianProduct =
    sets:
    foldlAttrs (
      rows: name: values:
      builtins.concatMap (row: map (value: row // { ${name} = value; }) values) rows
    ) [ { } ] sets;
  getOutput = output: pkg: pkg.${output} or pkg.out or pkg;
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  unionOfDisjoint =
    x: y:
    let
      both = attrNames (intersectAttrs x y);
    in
    if both == [ ] then x // y else throw "unionOfDisjoint: ${builtins.concatStringsSep ", " both} in both";
  concatAttrValues = set: builtins.concatLists (attrValues set);
  mapCartesianProduct = f: sets: map f (cartesianProduct sets);
  zipAttrsWithNames =
    names: f: sets:
    genAttrs names (name: f name (catAttrs name sets));
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;
  getDev = getOutput "dev";
  matchAttrs =
    pattern: set:
    builtins.all (
      name:
      set ? ${name}
      && (
        if builtins.isAttrs pattern.${name} then
          builtins.isAttrs set.${name} && matchAttrs pattern.${name} set.${name}
        else
          pattern.${name} == set.${name}
      )
    ) (attrNames pattern);
}
