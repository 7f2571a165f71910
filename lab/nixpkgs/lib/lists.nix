# Lists.
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    length
    map
    partition
    sort
    tail
    ;

  singleton = x: [ x ];
  toList = x: if builtins.isList x then x else [ x ];
  forEach = xs: f: map f xs;
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  last = xs: elemAt xs (length xs - 1);
  init = xs: genList (elemAt xs) (length xs - 1);
  take = n: xs: genList (elemAt xs) (if n < length xs then n else length xs);
  drop = n: xs: sublist n (length xs) xs;
  takeEnd = n: xs: drop (if n < length xs then length xs - n else 0) xs;
  dropEnd = n: xs: take (if n < length xs then length xs - n else 0) xs;
  sublist =
    start: count: xs:
    let
      rest = length xs - start;
      wanted = if count < rest then count else rest;
    in
    genList (n: elemAt xs (start + n)) (if wanted > 0 then wanted else 0);
  reverseList = xs: genList (n: elemAt xs (length xs - 1 - n)) (length xs);
  range = from: to: if from > to then [ ] else genList (n: from + n) (to - from + 1);
  replicate = n: x: genList (_: x) n;
  imap0 = f: xs: genList (n: f n (elemAt xs n)) (length xs);
  imap1 = f: xs: genList (n: f (n + 1) (elemAt xs n)) (length xs);
  zipListsWith =
    f: xs: ys:
    genList (n: f (elemAt xs n) (elemAt ys n)) (
      if length xs < length ys then length xs else length ys
    );
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  flatten = x: if builtins.isList x then concatMap flatten x else [ x ];
  foldr =
    f: zero: xs:
    let
      go = n: if n == length xs then zero else f (elemAt xs n) (go (n + 1));
    in
    go 0;
  fold = foldr;
  foldl =
    f: zero: xs:
    builtins.foldl' f zero xs;
  remove = x: filter (y: y != x);
  subtractLists = gone: filter (x: !(elem x gone));
  intersectLists = xs: filter (x: elem x xs);
  mutuallyExclusive = xs: ys: intersectLists xs ys == [ ];
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  allUnique = xs: length (unique xs) == length xs;
  uniqueStrings = xs: builtins.attrNames (builtins.listToAttrs (map (name: { inherit name; value = null; }) xs));
  findFirst =
    wanted: default: xs:
    let
      found = filter wanted xs;
    in
    if found == [ ] then default else head found;
  findFirstIndex =
    wanted: default: xs:
    findFirst (n: wanted (elemAt xs n)) default (genList (n: n) (length xs));
  count = wanted: xs: length (filter wanted xs);
  sortOn = f: xs: map (x: x.value) (sort (a: b: a.key < b.key) (map (value: { inherit value; key = f value; }) xs));
  naturalSort = sort (a: b: a < b);
  compareLists =
    compare: xs: ys:
    if xs == [ ] then
      (if ys == [ ] then 0 else -1)
    else if ys == [ ] then
      1
    else
      let
        first = compare (head xs) (head ys);
      in
      if first == 0 then compareLists compare (tail xs) (tail ys) else first;
  crossLists = f: foldl' (fs: xs: concatMap (g: map g xs) fs) [ f ];
  ifilter0 =
    wanted: xs:
    map (n: elemAt xs n) (filter (n: wanted n (elemAt xs n)) (genList (n: n) (length xs)));
}
