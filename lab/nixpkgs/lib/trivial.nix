# Functions about no particular kind of value.
rec {
  inherit (builtins)
    add
    sub
    mul
    div
    lessThan
    seq
    deepSeq
    trace
    genericClosure
    functionArgs
    isFunction
    isAttrs
    isBool
    isInt
    isFloat
    isString
    isList
    isPath
    typeOf
    addErrorContext
    unsafeGetAttrPos
    pathExists
    readFile
    readDir
    toJSON
    fromJSON
    bitAnd
    bitOr
    bitXor
    tryEval
    ceil
    floor
    parseDrvName
    placeholder
    readFileType
    toFile
    getContext
    hasContext
    hashFile
    ;
  baseNameOf = builtins.baseNameOf;
  dirOf = builtins.dirOf;
  xor = x: y: x != y;
  fix' =
    f:
    let
      x = f x // {
        __unfix__ = f;
      };
    in
    x;
  converge =
    f: x:
    let
      next = f x;
    in
    if next == x then x else converge f next;
  makeExtensible = makeExtensibleWithCustomName "extend";
  makeExtensibleWithCustomName =
    name: f:
    fix' (self: f self // { ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f); });
  traceVal = x: builtins.trace x x;
  traceValSeq = x: builtins.trace (builtins.deepSeq x x) x;
  traceIf = condition: message: x: if condition then builtins.trace message x else x;
  traceSeq = shown: builtins.trace (builtins.deepSeq shown shown);

  release = "25.11";
  versionSuffix = "";
  trivialRelease = release;

  id = x: x;
  const = x: _: x;
  flip =
    f: a: b:
    f b a;
  pipe = builtins.foldl' (x: f: f x);
  concat = x: y: x ++ y;
  min = x: y: if x < y then x else y;
  max = x: y: if x > y then x else y;
  mod = base: int: base - (int * (builtins.div base int));
  compare =
    a: b:
    if a < b then
      -1
    else if a > b then
      1
    else
      0;
  defaultTo = default: maybe: if maybe == null then default else maybe;
  mapNullable = f: maybe: if maybe == null then null else f maybe;
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";
  mergeAttrs = x: y: x // y;
  fix =
    f:
    let
      x = f x;
    in
    x;
  extends =
    overlay: base: final:
    let
      previous = base final;
    in
    previous // overlay final previous;
  composeExtensions =
    first: second: final: previous:
    let
      step = first final previous;
    in
    step // second final (previous // step);
  composeManyExtensions = builtins.foldl' composeExtensions (final: previous: { });
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);
  setFunctionArgs = f: args: {
    __functor = self: f;
    __functionArgs = args;
  };
  toFunction = v: if builtins.isFunction v then v else _: v;
  warn = message: builtins.trace "evaluation warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  warnIfNot = condition: warnIf (!condition);
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  info = message: builtins.trace "INFO: ${message}";
  showWarnings = warnings: result: builtins.foldl' (x: w: warn w x) result warnings;
  nixpkgsVersion = release;
  inNixShell = false;
  isInOldestRelease = _: true;
  oldestSupportedReleaseIsAtLeast = _: true;
}
