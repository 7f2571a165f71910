# What a package says about itself.
{ lib }:
rec {
  getExe =
    pkg:
    getExe' pkg (
      pkg.meta.mainProgram or (pkg.pname or (builtins.parseDrvName pkg.name).name)
    );
  getExe' = pkg: program: "${lib.getBin pkg}/bin/${program}";
  getName = pkg: if builtins.isString pkg then (builtins.parseDrvName pkg).name else pkg.pname or (builtins.parseDrvName pkg.name).name;
  getVersion = pkg: if builtins.isString pkg then (builtins.parseDrvName pkg).version else pkg.version or (builtins.parseDrvName pkg.name).version;
  addMetaAttrs = meta: pkg: pkg // { meta = pkg.meta or { } // meta; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeSearchPath = folder: pkgs: builtins.concatStringsSep ":" (map (pkg: "${pkg}/${folder}") (builtins.filter (pkg: pkg != null) pkgs));
  makeSearchPathOutput = output: folder: pkgs: makeSearchPath folder (map (lib.getOutput output) (builtins.filter (pkg: pkg != null) pkgs));
  versionAtLeast = a: b: builtins.compareVersions a b >= 0;
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versions = rec {
    splitVersion = builtins.splitVersion;
    major = version: builtins.elemAt (splitVersion version) 0;
    minor = version: builtins.elemAt (splitVersion version) 1;
    majorMinor = version: "${major version}.${minor version}";
  };
}
