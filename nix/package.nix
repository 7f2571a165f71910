# The program with all that it starts; Node runs the sources as they are, so nothing is compiled.
{
  lib,
  buildNpmPackage,
  importNpmLock,
  makeWrapper,
  runCommand,
  cacert,
  deploy-rs,
  gitMinimal,
  nix,
  nodejs_24,
  openssh,
  redis,
}:
let
  manifest = lib.importJSON ../package.json;
  lock = lib.importJSON ../package-lock.json;
  withoutTests = each: removeAttrs each [ "devDependencies" ];
  modules = lib.filterAttrs (_: module: !(module.dev or false)) lock.packages;

  # The lock has hashes and no addresses: npm knows where its registry is.
  fetch =
    path: module:
    let
      name = lib.last (lib.splitString "node_modules/" path);
    in
    runCommand "${lib.replaceStrings [ "@" "/" ] [ "" "-" ] name}-${module.version}.tgz"
      {
        nativeBuildInputs = [ nodejs_24 ];
        NODE_EXTRA_CA_CERTS = "${cacert}/etc/ssl/certs/ca-bundle.crt";
        outputHash = module.integrity;
        outputHashMode = "flat";
        impureEnvVars = lib.fetchers.proxyImpureEnvVars;
      }
      ''
        export HOME=$PWD
        npm pack --silent ${lib.escapeShellArg "${name}@${module.version}"}
        mv ./*.tgz "$out"
      '';
in
buildNpmPackage {
  pname = manifest.name;
  inherit (manifest) version;
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../CHANGELOG.md
      ../bin
      ../docs
      ../package-lock.json
      ../package.json
      ../schemas
      ../src
    ];
  };

  nodejs = nodejs_24;
  npmDeps = importNpmLock {
    package = withoutTests manifest;
    packageLock = lock // {
      packages = modules // {
        "" = withoutTests lock.packages."";
      };
    };
    packageSourceOverrides = lib.mapAttrs fetch (removeAttrs modules [ "" ]);
  };
  npmConfigHook = importNpmLock.npmConfigHook;
  # The native part of a dependency that does without.
  npmRebuildFlags = [ "--ignore-scripts" ];
  dontNpmBuild = true;
  nativeBuildInputs = [ makeWrapper ];

  # Not below a node_modules: there Node runs no TypeScript.
  installPhase = ''
    runHook preInstall
    rm -f node_modules/.package-lock.json
    mkdir -p "$out/lib/nixcluster"
    cp -r CHANGELOG.md bin docs node_modules schemas src "$out/lib/nixcluster"
    cp "$src/package.json" "$out/lib/nixcluster"
    printf %s "$out" > "$out/lib/nixcluster/src/build-id"
    makeWrapper "$out/lib/nixcluster/bin/nixcluster" "$out/bin/nixcluster" \
      --prefix PATH : ${lib.makeBinPath [ nodejs_24 ]} \
      --suffix PATH : ${
        lib.makeBinPath [
          deploy-rs
          gitMinimal
          nix
          openssh
          redis
        ]
      }
    runHook postInstall
  '';

  meta = {
    inherit (manifest) description;
    license = lib.licenses.mit;
    mainProgram = "nixcluster";
    platforms = lib.platforms.linux;
  };
}
