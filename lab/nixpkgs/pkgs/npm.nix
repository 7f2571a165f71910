# nixpkgs' `buildNpmPackage` and `importNpmLock`, as far as nix/package.nix needs them; npm is the building machine's.
{ lib, pkgs }:
{
  importNpmLock = {
    __functor =
      _:
      {
        package,
        packageLock,
        packageSourceOverrides,
      }:
      let
        at = path: "file:${packageSourceOverrides.${path}}";
        packages = lib.mapAttrs (
          path: module: if path == "" then module else module // { resolved = at path; }
        ) packageLock.packages;
      in
      pkgs.runCommand "${package.name}-${package.version}-sources"
        {
          package = builtins.toJSON (
            package
            // {
              dependencies = lib.mapAttrs (name: _: at "node_modules/${name}") package.dependencies;
            }
          );
          packageLock = builtins.toJSON (packageLock // { inherit packages; });
          passAsFile = [
            "package"
            "packageLock"
          ];
        }
        ''
          mkdir "$out"
          cp "$packagePath" "$out/package.json"
          cp "$packageLockPath" "$out/package-lock.json"
        '';
    npmConfigHook = "npm-config-hook";
  };

  buildNpmPackage =
    {
      installPhase,
      nodejs,
      npmDeps,
      npmRebuildFlags ? [ ],
      dontNpmBuild ? false,
      npmConfigHook,
      nativeBuildInputs ? [ ],
      ...
    }@given:
    assert dontNpmBuild && npmConfigHook == pkgs.importNpmLock.npmConfigHook;
    pkgs.stdenv.mkDerivation (
      removeAttrs given [
        "nodejs"
        "npmConfigHook"
      ]
      // {
        buildPhase = ''
          PATH=${lib.makeBinPath [ nodejs ]}:$PATH
          export HOME=$PWD/.. npm_config_offline=true npm_config_audit=false npm_config_fund=false
          cp "$npmDeps"/package*.json .
          npm install --ignore-scripts
          npm rebuild ${toString npmRebuildFlags}
        '';
        installPhase = ''
          runHook() { :; }
          . ${pkgs.makeWrapper}
          ${installPhase}
        '';
      }
    );

  makeWrapper = builtins.toFile "make-wrapper.sh" ''
    makeWrapper() { # program, wrapper, then --prefix or --suffix, PATH, :, folders
      wrapped=$1 wrapper=$2
      mkdir -p "$(dirname "$wrapper")"
      shift 2
      {
        echo '#!/bin/sh'
        while [ $# -gt 0 ]; do
          case $1 in
            --prefix) echo "export $2='$4'$3\"\$$2\"" ;;
            --suffix) echo "export $2=\"\$$2\"$3'$4'" ;;
            *) exit 1 ;;
          esac
          shift 4
        done
        echo "exec '$wrapped' \"\$@\""
      } > "$wrapper"
      chmod +x "$wrapper"
    }
  '';
}
