# Sets of files, as lists of paths: enough to say what a package is built from.
{ lib }:
{
  unions = paths: paths;
  toSource =
    { root, fileset }:
    let
      isWithin = folder: path: path == folder || lib.hasPrefix "${folder}/" path;
    in
    builtins.path {
      path = root;
      name = "source";
      filter =
        path: _: lib.any (each: isWithin (toString each) path || isWithin path (toString each)) fileset;
    };
}
