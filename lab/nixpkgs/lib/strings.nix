# Strings.
{ lib }:
rec {
  inherit (builtins)
    concatStringsSep
    hashString
    match
    replaceStrings
    split
    splitVersion
    stringLength
    substring
    toString
    unsafeDiscardStringContext
    compareVersions
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatMapStringsSep =
    separator: f: xs:
    concatStringsSep separator (map f xs);
  concatImapStringsSep =
    separator: f: xs:
    concatStringsSep separator (lib.imap1 f xs);
  concatImapStrings = concatImapStringsSep "";
  concatLines = concatMapStrings (line: line + "\n");
  concatMapAttrsStringSep =
    separator: f: set:
    concatStringsSep separator (lib.mapAttrsToList f set);
  intersperse =
    separator: xs:
    if xs == [ ] then
      [ ]
    else
      [ (builtins.head xs) ]
      ++ builtins.concatMap (x: [
        separator
        x
      ]) (builtins.tail xs);
  optionalString = condition: text: if condition then text else "";
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      rest = stringLength text - stringLength suffix;
    in
    rest >= 0 && substring rest (-1) text == suffix;
  hasInfix = infix: text: builtins.length (builtins.split (escapeRegex infix) (toString text)) > 1;
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString =
    separator: text:
    builtins.filter builtins.isString (builtins.split (escapeRegex separator) (toString text));
  stringToCharacters = text: builtins.genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: concatMapStrings f (stringToCharacters text);
  escape =
    characters: replaceStrings characters (map (character: "\\${character}") characters);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if builtins.match "[[:alnum:],._+:@%/-]+" text == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'"
    else
      text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier =
    name: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" name == null then escapeNixString name else name;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  escapeURL = text: stringAsChars (c: if builtins.match "[A-Za-z0-9_.~-]" c != null then c else throw "escapeURL: not in the stand-in") text;
  toShellVar = name: value: "${name}=${escapeShellArg value}";
  toShellVars = set: concatStringsSep "\n" (lib.mapAttrsToList toShellVar set);
  isStringLike = value: builtins.isString value || builtins.isPath value || value ? outPath || value ? __toString;
  isConvertibleWithToString =
    value:
    isStringLike value
    || builtins.elem (builtins.typeOf value) [
      "null"
      "int"
      "float"
      "bool"
    ]
    || (builtins.isList value && builtins.all isConvertibleWithToString value);
  isStorePath =
    value:
    isStringLike value
    && (
      let
        text = toString value;
      in
      substring 0 1 text == "/" && builtins.dirOf text == builtins.storeDir
    );
  isValidPosixName = name: builtins.match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  lowerLetters = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperLetters = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toLower = replaceStrings upperLetters lowerLetters;
  toUpper = replaceStrings lowerLetters upperLetters;
  toSentenceCase = text: toUpper (substring 0 1 text) + substring 1 (-1) text;
  trim = text: trimWith { start = true; end = true; } text;
  trimWith =
    {
      start ? false,
      end ? false,
    }:
    text:
    let
      front = if start then builtins.head (builtins.match "[[:space:]]*(.*)" text) else text;
      whole = builtins.match "(.*[^[:space:]])[[:space:]]*" front;
    in
    if !end then
      front
    else if whole == null then
      ""
    else
      builtins.head whole;
  fileContents = path: removeSuffix "\n" (builtins.readFile path);
  readFile = builtins.readFile;
  fixedWidthString =
    width: filler: text:
    concatStrings (builtins.genList (_: filler) (width - stringLength text)) + text;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);
  toInt =
    text:
    let
      digits = builtins.match "[[:space:]]*(-?)0*([0-9]+)[[:space:]]*" text;
      value = builtins.fromJSON (builtins.elemAt digits 1);
    in
    if digits == null then
      throw "toInt: Could not convert ${escapeNixString text} to int."
    else if builtins.head digits == "-" then
      -value
    else
      value;
  toIntBase10 = toInt;
  replaceString = from: to: replaceStrings [ from ] [ to ];
  nameFromURL = url: separator: builtins.head (splitString separator (lib.last (splitString "/" url)));
  sanitizeDerivationName =
    text:
    let
      safe = concatMapStrings (part: if builtins.isList part then "-" else part) (
        builtins.split "[^[:alnum:]+._?=-]+" (unsafeDiscardStringContext text)
      );
      bare = builtins.head (builtins.match "\\.*(.*)" safe);
    in
    if bare == "" then "unknown" else substring 0 207 bare;
  levenshtein =
    a: b:
    let
      row =
        previous: i:
        builtins.foldl' (
          done: j:
          done
          ++ [
            (lib.min (lib.min (lib.last done + 1) (builtins.elemAt previous j + 1)) (
              builtins.elemAt previous (j - 1)
              + (if substring (i - 1) 1 a == substring (j - 1) 1 b then 0 else 1)
            ))
          ]
        ) [ i ] (lib.range 1 (stringLength b));
    in
    lib.last (builtins.foldl' row (lib.range 0 (stringLength b)) (lib.range 1 (stringLength a)));
}
