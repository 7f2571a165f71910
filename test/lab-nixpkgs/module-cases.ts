/** Modules in Nix, and what their `config` comes to: a value, or words of the error. */
export interface ModuleCase {
  readonly does: string
  readonly modules: string
  readonly shows: string
  readonly gives?: unknown
  readonly fails?: string | string[]
}

const x = (type: string, more = ''): string =>
  `{ options.x = mkOption { type = ${type}; ${more} }; }`

/** In scope: `lib`, its functions, and `types`. */
export const moduleCases: ModuleCase[] = [
  // Order and priorities
  {
    does: 'puts definitions of imported modules first, and later modules before earlier ones',
    modules: `[ (${x('types.listOf types.int')}) { x = [ 1 ]; } { x = [ 2 ]; } { imports = [ { x = [ 3 ]; } ]; x = [ 4 ]; } ]`,
    shows: 'config.x',
    gives: [3, 4, 2, 1],
  },
  {
    does: 'orders parts of a list by mkBefore, mkAfter and mkOrder',
    modules: `[ (${x('types.listOf types.int')}) { x = mkAfter [ 9 ]; } { x = [ 5 ]; } { x = mkBefore [ 1 ]; } { x = mkOrder 1200 [ 7 ]; } ]`,
    shows: 'config.x',
    gives: [1, 5, 7, 9],
  },
  {
    does: 'joins lines in order',
    modules: `[ (${x('types.lines')}) { x = "a"; } { x = mkBefore "first"; } { x = mkAfter "last"; } ]`,
    shows: 'config.x',
    gives: 'first\na\nlast',
  },
  {
    does: 'joins with commas',
    modules: `[ (${x('types.commas')}) { x = "a"; } { x = "b"; } ]`,
    shows: 'config.x',
    gives: 'b,a',
  },
  {
    does: 'takes the definition of the lowest priority',
    modules: `[ (${x('types.int', 'default = 0;')}) { x = mkDefault 1; } { x = 2; } { x = mkForce 3; } { x = lib.mkVMOverride 4; } ]`,
    shows: 'config.x',
    gives: 4,
  },
  {
    does: 'prefers a plain value to mkDefault, and that to the default of the option',
    modules: `[ { options = { a = mkOption { default = 0; type = types.int; }; b = mkOption { default = 0; type = types.int; }; c = mkOption { default = 0; type = types.int; }; }; } { a = mkDefault 1; b = mkDefault 1; } { b = 2; } ]`,
    shows: 'config',
    gives: { a: 1, b: 2, c: 0 },
  },
  {
    does: 'replaces a list by a stronger one as a whole',
    modules: `[ (${x('types.listOf types.int')}) { x = [ 1 ]; } { x = mkForce [ 2 ]; } { x = mkForce [ 3 ]; } ]`,
    shows: 'config.x',
    gives: [3, 2],
  },
  {
    does: 'keeps the order given below a priority',
    modules: `[ (${x('types.listOf types.int')}) { x = mkForce [ 2 ]; } { x = mkForce (mkBefore [ 1 ]); } { x = mkForce (mkAfter [ 3 ]); } ]`,
    shows: 'config.x',
    gives: [1, 2, 3],
  },
  {
    does: 'tells the highest priority of an option',
    modules: `[ (${x('types.int')}) { x = mkOverride 77 1; } { x = 2; } ]`,
    shows: '[ options.x.highestPrio options.x.isDefined options.x.definitions ]',
    gives: [77, true, [1]],
  },
  // Conditions
  {
    does: 'pushes mkIf down into options, so that a condition may depend on a sibling',
    modules: `[ { options = { on = mkOption { type = types.bool; default = false; }; x = mkOption { type = types.int; default = 0; }; }; } ({ config, ... }: { config = mkIf config.on { x = 1; }; }) { on = true; } ]`,
    shows: 'config.x',
    gives: 1,
  },
  {
    does: 'drops what stands below a false condition, and merges what mkMerge holds',
    modules: `[ (${x('types.listOf types.str')}) { config = mkMerge [ { x = [ "a" ]; } (mkIf false { x = [ "b" ]; }) (mkIf true (mkMerge [ { x = mkIf true [ "c" ]; } ])) ]; } ]`,
    shows: 'config.x',
    gives: ['a', 'c'],
  },
  {
    does: 'pushes a priority around a set down to its values',
    modules: `[ { options.a.b = mkOption { type = types.int; }; options.a.c = mkOption { type = types.int; }; } { a = mkForce { b = 1; c = 1; }; } { a.b = 2; a.c = mkOverride 10 3; } ]`,
    shows: 'config.a',
    gives: { b: 1, c: 3 },
  },
  {
    does: 'leaves names out of attrsOf whose condition is false, and keeps them in the lazy one as an error',
    modules: `[ (${x('types.attrsOf types.int')}) { x = { a = 1; b = mkIf false 2; }; } ]`,
    shows: 'config.x',
    gives: { a: 1 },
  },
  // Modules
  {
    does: 'imports a module of one key once',
    modules: `let m = { key = "m"; x = [ 1 ]; }; in [ (${x('types.listOf types.int')}) { imports = [ m ]; } { imports = [ m { imports = [ m ]; } ]; } m ]`,
    shows: 'config.x',
    gives: [1],
  },
  {
    does: 'leaves out disabled modules by key',
    modules: `[ (${x('types.listOf types.int')}) { key = "gone"; x = [ 1 ]; } { disabledModules = [ { key = "gone"; } { key = "other"; } ]; x = [ 2 ]; } ]`,
    shows: 'config.x',
    gives: [2],
  },
  {
    does: 'passes special arguments, _module.args and only what a function names',
    modules: `[ (${x('types.anything')}) { _module.args.word = "w"; } ({ lib, config, options, special, word, ... }: { x = [ special word (options ? x) (lib ? mkIf) ]; }) ]`,
    shows: 'config.x',
    gives: ['s', 'w', true, true],
  },
  {
    does: 'takes a module with options and config apart, and the short form as config',
    modules: `[ { options.a = mkOption { type = types.int; }; config.a = 1; } { options.b = mkOption { type = types.int; }; } { b = 2; } ]`,
    shows: 'config',
    gives: { a: 1, b: 2 },
  },
  // Submodules
  {
    does: 'merges definitions of a submodule, with its defaults and name',
    modules: `[ (${x(`types.attrsOf (types.submodule ({ name, config, ... }: { options = { who = mkOption { default = name; type = types.str; }; n = mkOption { type = types.int; }; twice = mkOption { type = types.int; }; }; config.twice = config.n * 2; }))`)}) { x.a.n = 1; x.b = { n = 2; who = "me"; }; } ]`,
    shows: 'config.x',
    gives: { a: { who: 'a', n: 1, twice: 2 }, b: { who: 'me', n: 2, twice: 4 } },
  },
  {
    does: 'takes functions and modules as definitions of a submodule',
    modules: `[ (${x(`types.submodule { options.a = mkOption { type = types.int; }; options.b = mkOption { type = types.int; }; }`)}) { x = { config, ... }: { a = config.b + 1; }; } { x.b = 1; } ]`,
    shows: 'config.x',
    gives: { a: 2, b: 1 },
  },
  {
    does: 'keeps unknown names of a freeform submodule, and declared ones typed',
    modules: `[ (${x(`types.submodule { freeformType = types.attrsOf types.str; options.n = mkOption { type = types.int; default = 1; }; }`)}) { x.free = "f"; x.other = mkDefault "o"; } { x.other = "p"; x.n = 2; } ]`,
    shows: 'config.x',
    gives: { free: 'f', n: 2, other: 'p' },
  },
  {
    does: 'sets priorities on leaves of nested freeform values',
    modules: `[ (${x(`types.submodule { freeformType = types.attrsOf types.anything; }`)}) { x.a.b = mkOverride 120 1; x.a.c = 1; } { x.a.b = 2; } ]`,
    shows: 'config.x',
    gives: { a: { b: 2, c: 1 } },
  },
  {
    does: 'extends a submodule by a second declaration of its option',
    modules: `[ (${x(`types.attrsOf (types.submodule { options.a = mkOption { default = 1; type = types.int; }; })`)}) (${x(`types.attrsOf (types.submodule { options.b = mkOption { default = 2; type = types.int; }; })`)}) { x.n = { }; } ]`,
    shows: 'config.x',
    gives: { n: { a: 1, b: 2 } },
  },
  {
    does: 'extends an enum by a second declaration',
    modules: `[ (${x('types.enum [ "a" ]')}) (${x('types.enum [ "b" ]')}) { x = "b"; } ]`,
    shows: 'config.x',
    gives: 'b',
  },
  {
    does: 'describes nested types as the generated tree asks for them',
    modules: `[ (${x(`types.attrsOf (types.nullOr (types.submodule { options.deep = mkOption { type = types.listOf types.str; }; freeformType = types.attrsOf types.int; }))`)}) ]`,
    shows: `let t = options.x.type; sub = t.nestedTypes.elemType.nestedTypes.elemType; in [ t.name t.nestedTypes.elemType.name sub.name (builtins.attrNames (removeAttrs (sub.getSubOptions [ ]) [ "_module" "_freeformOptions" ])) (sub.getSubOptions [ ]).deep.type.description sub.nestedTypes.freeformType.name (t.getSubModules != null) t.description ]`,
    gives: [
      'attrsOf',
      'nullOr',
      'submodule',
      ['deep'],
      'list of string',
      'attrsOf',
      true,
      'attribute set of (null or (open submodule of attribute set of signed integer))',
    ],
  },
  // Types
  {
    does: 'merges anything by sets and equal leaves, a list as a whole',
    modules: `[ (${x('types.anything')}) { x = { a.b = 1; l = [ 1 ]; }; } { x = { a.c = mkForce 2; l = [ 1 ]; }; } { x.a.c = 3; } ]`,
    shows: 'config.x',
    gives: { a: { b: 1, c: 2 }, l: [1] },
  },
  {
    does: 'merges attrs flatly, without taking its values apart',
    modules: `[ (${x('types.attrs')}) { x = { a.b = 1; c = mkIf true 1; }; } { x.a.d = 2; } ]`,
    shows: 'config.x',
    gives: { a: { b: 1 }, c: { _type: 'if', condition: true, content: 1 } },
  },
  {
    does: 'takes null or a value, one of several types, and coerced values',
    modules: `[ { options = { n = mkOption { type = types.nullOr types.int; default = null; }; e = mkOption { type = types.either types.int (types.listOf types.str); }; o = mkOption { type = types.oneOf [ types.int types.str types.bool ]; }; c = mkOption { type = types.coercedTo types.str (s: [ s ]) (types.listOf types.str); }; }; } { e = [ "x" ]; o = true; c = "one"; } ]`,
    shows: 'config',
    gives: { c: ['one'], e: ['x'], n: null, o: true },
  },
  {
    does: 'merges what functions give',
    modules: `[ (${x('types.functionTo (types.listOf types.int)')}) { x = n: [ n ]; } { x = n: [ (n + 1) ]; } ]`,
    shows: 'config.x 1',
    gives: [2, 1],
  },
  {
    does: 'strips the last line break of a single line',
    modules: `[ (${x('types.singleLineStr')}) { x = "a\\n"; } ]`,
    shows: 'config.x',
    gives: 'a',
  },
  {
    does: 'applies what the declaration asks for',
    modules: `[ (${x('types.listOf types.int', 'apply = builtins.length;')}) { x = [ 1 2 ]; } ]`,
    shows: 'config.x',
    gives: 2,
  },
  {
    does: 'names its types as people read them',
    modules: `[ (${x('types.int', 'default = 0;')}) ]`,
    shows: `map (t: t.description) (with types; [ bool int str lines path package port (enum [ "a" 1 ]) (nullOr int) (listOf str) (attrsOf int) (lazyAttrsOf str) (listOf (attrsOf int)) (nullOr (listOf str)) (either int str) (oneOf [ int str bool ]) (listOf (nullOr str)) (submodule { }) anything attrs raw unspecified singleLineStr nonEmptyStr (functionTo str) (coercedTo str toString int) (ints.between 1 5) ints.positive ints.unsigned ints.u8 (strMatching "a+") commas ])`,
    gives: [
      'boolean',
      'signed integer',
      'string',
      'strings concatenated with "\\n"',
      'absolute path',
      'package',
      '16 bit unsigned integer; between 0 and 65535 (both inclusive)',
      'one of "a", 1',
      'null or signed integer',
      'list of string',
      'attribute set of signed integer',
      'lazy attribute set of string',
      'list of attribute set of signed integer',
      'null or (list of string)',
      'signed integer or string',
      'signed integer or string or boolean',
      'list of (null or string)',
      'submodule',
      'anything',
      'attribute set',
      'raw value',
      'unspecified value',
      '(optionally newline-terminated) single-line string',
      'non-empty string',
      'function that evaluates to a(n) string',
      'signed integer or string convertible to it',
      'integer between 1 and 5 (both inclusive)',
      'positive integer, meaning >0',
      'unsigned integer, meaning >=0',
      '8 bit unsigned integer; between 0 and 255 (both inclusive)',
      'string matching the pattern a+',
      'strings concatenated with ","',
    ],
  },
  {
    does: 'aliases and renames options',
    modules: `[ { options.new.x = mkOption { type = types.int; default = 0; }; } (lib.mkAliasOptionModule [ "old" ] [ "new" "x" ]) { old = 3; } ]`,
    shows: '[ config.old config.new.x ]',
    gives: [3, 3],
  },
  {
    does: 'extends an evaluation by further modules',
    modules: `[ (${x('types.listOf types.int')}) { x = [ 1 ]; } ]`,
    shows: '(result.extendModules { modules = [ { x = [ 2 ]; } ]; }).config.x',
    gives: [2, 1],
  },
  {
    does: 'takes a module as a value',
    modules: `[ (${x('types.deferredModule')}) { x.y = 1; } { x = { lib, ... }: { y = lib.mkForce 2; }; } ]`,
    shows: `(lib.evalModules { modules = [ config.x { options.y = mkOption { type = types.int; }; } ]; }).config.y`,
    gives: 2,
  },
  {
    does: 'describes what stands in brackets',
    modules: `[ ]`,
    shows: `map (t: t.description) (with types; [ (listOf (either int str)) (either ints.positive str) (nullOr ints.unsigned) (attrsOf (oneOf [ int (listOf str) ])) (either (listOf int) str) (functionTo (nullOr str)) (coercedTo (listOf str) toString str) (uniq (listOf str)) (enum [ "one" ]) (enum [ ]) (submoduleWith { modules = [ ]; description = "thing"; }) (nonEmptyListOf str) pathInStore ints.s32 float number envVar deferredModule optionType (passwdEntry str) ])`,
    gives: [
      'list of (signed integer or string)',
      'positive integer, meaning >0, or string',
      'null or (unsigned integer, meaning >=0)',
      'attribute set of (signed integer or list of string)',
      '(list of signed integer) or string',
      'function that evaluates to a(n) (null or string)',
      'string or (list of string) convertible to it',
      'list of string',
      'value "one" (singular enum)',
      'impossible (empty enum)',
      'thing',
      'non-empty (list of string)',
      'path in the Nix store',
      '32 bit signed integer; between -2147483648 and 2147483647 (both inclusive)',
      'floating point number',
      'signed integer or floating point number',
      'strings concatenated with ":"',
      'module',
      'optionType',
      'string, not containing newlines or colons',
    ],
  },
  {
    does: 'keeps the priority of a definition under its new name',
    modules: `[ { options.new = mkOption { type = types.int; default = 0; }; } (lib.mkAliasOptionModule [ "old" ] [ "new" ]) { old = mkDefault 3; } { new = 4; } ]`,
    shows: 'config.new',
    gives: 4,
  },
  {
    does: 'joins lists of submodules, each entry by itself',
    modules: `[ (${x(`types.listOf (types.submodule { options.a = mkOption { default = 1; type = types.int; }; })`)}) { x = [ { } { a = 2; } ]; } ]`,
    shows: 'config.x',
    gives: [{ a: 1 }, { a: 2 }],
  },
  {
    does: 'gives what a freeform module at the top does not declare',
    modules: `[ { freeformType = types.attrsOf types.int; options.a = mkOption { default = 1; type = types.int; }; } { b = 2; } { b = mkForce 3; } ]`,
    shows: 'config',
    gives: { a: 1, b: 3 },
  },
  {
    does: 'takes an empty definition of an undefined list or set',
    modules: `[ { options.l = mkOption { type = types.listOf types.int; }; options.s = mkOption { type = types.attrsOf types.int; }; } ]`,
    shows: 'config',
    gives: { l: [], s: {} },
  },
  // Errors
  {
    does: 'refuses an option that does not exist, names the file, and suggests',
    modules: `[ { options.network.hostName = mkOption { type = types.str; default = ""; }; } { _file = "machine.nix"; network.hostNam = "a"; } ]`,
    shows: 'config.network.hostName',
    fails:
      "The option `network.hostNam' does not exist. Definition values:\n- In `machine.nix': \"a\"\n\nDid you mean `network.hostName'?",
  },
  {
    does: 'refuses an unknown option even below a false condition',
    modules: `[ (${x('types.int', 'default = 0;')}) { config = mkIf false { unknownThing = 1; }; } ]`,
    shows: 'config.x',
    fails: "The option `unknownThing' does not exist. Definition values:\n- In `<unknown-file>':",
  },
  {
    does: 'refuses an unknown option of a submodule by its full name',
    modules: `[ (${x('types.attrsOf (types.submodule { options.a = mkOption { type = types.int; default = 0; }; })')}) { _file = "f.nix"; x."b.c".zzzz = 1; } ]`,
    shows: 'config.x."b.c".a',
    fails: 'The option `x."b.c".zzzz\' does not exist. Definition values:\n- In `f.nix\': 1',
  },
  {
    does: 'refuses a value of another type',
    modules: `[ (${x('types.listOf types.str')}) { _file = "f.nix"; x = { a = [ 1 ]; }; } ]`,
    shows: 'config.x',
    fails:
      "A definition for option `x' is not of type `list of string'. TypeError: Definition values:\n- In `f.nix':\n    {\n      a = [\n        1\n      ];\n    }",
  },
  {
    does: 'names the element that has another type',
    modules: `[ (${x('types.attrsOf types.port')}) { _file = "f.nix"; x.http = 99999; } ]`,
    shows: 'config.x',
    fails:
      "A definition for option `x.http' is not of type `16 bit unsigned integer; between 0 and 65535 (both inclusive)'. Definition values:\n- In `f.nix': 99999",
  },
  {
    does: 'names the entry of a list that has another type',
    modules: `[ (${x('types.listOf types.int')}) { _file = "f.nix"; x = [ 1 "two" ]; } ]`,
    shows: 'config.x',
    fails:
      'A definition for option `x."[definition 1-entry 2]"\' is not of type `signed integer\'. Definition values:\n- In `f.nix\': "two"',
  },
  {
    does: 'refuses different values of one priority',
    modules: `[ (${x('types.str')}) { _file = "a.nix"; x = "a"; } { _file = "b.nix"; x = "b"; } ]`,
    shows: 'config.x',
    fails:
      'The option `x\' has conflicting definition values:\n- In `b.nix\': "b"\n- In `a.nix\': "a"\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.',
  },
  {
    does: 'refuses to read what nobody defined',
    modules: `[ (${x('types.int')}) ]`,
    shows: 'config.x',
    fails: "The option `x' was accessed but has no value defined. Try setting the option.",
  },
  {
    does: 'refuses a second definition of a value that is unique',
    modules: `[ (${x('types.uniq types.int')}) { x = 1; } { x = 1; } ]`,
    shows: 'config.x',
    fails: "The option `x' is defined multiple times while it's expected to be unique.",
  },
  {
    does: 'refuses to write what is read-only',
    modules: `[ (${x('types.int', 'readOnly = true; default = 1;')}) { _file = "f.nix"; x = 2; } ]`,
    shows: 'config.x',
    fails: "The option `x' is read-only, but it's set multiple times. Definition values:",
  },
  {
    does: 'refuses two declarations of one option',
    modules: `[ ({ _file = "a.nix"; } // ${x('types.int')}) ({ _file = "b.nix"; } // ${x('types.str')}) { x = 1; } ]`,
    shows: 'config.x',
    fails: 'is already declared in `',
  },
  {
    does: 'refuses other names beside options and config',
    modules: `[ { options.x = mkOption { default = 1; }; y = 1; } ]`,
    shows: 'config.x',
    fails: ["has an unsupported attribute `y'", "top-level `config' or `options' attribute"],
  },
  {
    does: 'refuses null and not null together',
    modules: `[ (${x('types.nullOr types.int')}) { x = null; } { x = 1; } ]`,
    shows: 'config.x',
    fails: 'The option `x` is defined both null and not null, in',
  },
  {
    does: 'says which option it was evaluating when an expression throws',
    modules: `[ (${x('types.int')}) { _file = "f.nix"; x = throw "no such thing"; } ]`,
    shows: 'config.x',
    fails: [
      "while evaluating the option `x'",
      "while evaluating definitions from `f.nix'",
      'no such thing',
    ],
  },
  {
    does: 'says that a class of modules does not fit',
    modules: `[ { _class = "darwin"; } ]`,
    shows: 'config',
    fails: 'cannot be imported into a module evaluation that expects class "nixos".',
  },
]
