# Folders of the repository that is evaluated.
{ lib }:
rec {
  listFilesRecursive =
    folder:
    lib.flatten (
      lib.mapAttrsToList (
        name: kind: if kind == "directory" then listFilesRecursive (folder + "/${name}") else folder + "/${name}"
      ) (builtins.readDir folder)
    );
  pathType = builtins.readFileType;
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";
  cleanSource =
    src:
    builtins.path {
      path = src;
      name = "source";
      filter = path: _: baseNameOf path != ".git";
    };
}
