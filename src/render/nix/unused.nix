# The values of a machine's levels that have no effect on it: a module that is no level says the same
# option, and more strongly. Nearer levels are meant to win, and what lies in submodules is not looked at.
{
  lib,
  # What its levels and itself give to it: { level; part; }
  parts,
  priorities,
  contentOf,
  options,
}:
let
  inherit (builtins) isAttrs isList;

  places = lib.genAttrs (map (each: each.level.place) parts) (_: true);

  # Null for what is merged instead of beaten.
  priorityOf =
    plain: value:
    if !isAttrs value && !isList value then
      plain
    else if value._type or null == "override" then
      value.priority
    else
      null;

  # Where an option is declared, its own value counts, else what stands below its name.
  inSettings =
    level: path: options: settings:
    if !isAttrs settings then
      [ ]
    else if settings._type or null == "merge" then
      lib.concatMap (inSettings level path options) settings.contents
    else if settings ? _type then
      [ ]
    else
      lib.concatLists (
        lib.mapAttrsToList (name: inSetting level (path ++ [ name ]) (options.${name} or { })) settings
      );

  inSetting =
    level: path: option: value:
    if option._type or null != "option" then
      inSettings level path option value
    else
      let
        priority = priorityOf priorities.${level.kind}.plain value;
        winners = option.definitionsWithLocations;
        others = lib.unique (
          builtins.filter (file: !(places ? ${file})) (map (winner: toString winner.file) winners)
        );
        content = value.content or value;
        isSaid = builtins.any (winner: winner.value == content) winners;
      in
      lib.optional (priority != null && priority > option.highestPrio && others != [ ] && !isSaid) {
        inherit (level) kind name;
        option = path;
        by = others;
      };
in
lib.concatMap (
  { level, part }: inSettings level [ ] options ((contentOf level part).config or { })
) parts
