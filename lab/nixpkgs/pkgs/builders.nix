# Small builders under nixpkgs' names.
{ lib, system }:
rec {
  runtimeShell = "/bin/bash";
  shell = "/bin/sh";

  # The one place that calls `derivation`; the script sees $out and the attributes of `env`.
  build =
    {
      name,
      script,
      env ? { },
      ...
    }@given:
    let
      passthru = given.passthru or { };
    in
    derivation (
      {
        name = lib.strings.sanitizeDerivationName name;
        inherit system;
        builder = "/bin/sh";
        args = [
          "-euc"
          "PATH=/usr/bin:/bin:/usr/sbin:/sbin; export PATH LC_ALL=C; umask 022; . \"$scriptPath\""
        ];
        inherit script;
        passAsFile = [ "script" ] ++ env.passAsFile or [ ];
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // builtins.removeAttrs env [ "passAsFile" ]
    )
    // lib.optionalAttrs (given ? meta) { inherit (given) meta; }
    // passthru;

  runCommand = name: env: script: build { inherit name script env; } // env.passthru or { };
  runCommandLocal = runCommand;
  runCommandCC = runCommand;

  writeText = name: text: writeTextFile { inherit name text; };
  # Text that names no store path needs no build: it is put into the store as it is.
  textFile =
    name: text:
    if builtins.hasContext text then
      "${writeText name text}"
    else
      builtins.toFile (lib.strings.sanitizeDerivationName name) text;
  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      meta ? { },
      passthru ? { },
      ...
    }:
    build {
      inherit name meta passthru;
      script = ''
        target="$out"${lib.escapeShellArg destination}
        mkdir -p "$(dirname "$target")"
        cat "$textPath" > "$target"
        ${lib.optionalString executable ''chmod +x "$target"''}
      '';
      env = {
        inherit text;
        passAsFile = [ "text" ];
      };
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeShellScript = name: text: writeScript name "#!${runtimeShell}\n${text}\n";
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
      meta.mainProgram = name;
    };
  writeShellScriptBin = name: text: writeScriptBin name "#!${runtimeShell}\n${text}\n";
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      ...
    }:
    writeShellScriptBin name ''
      set -o errexit -o nounset -o pipefail
      export PATH="${lib.makeBinPath runtimeInputs}''${PATH:+:$PATH}"
      ${text}
    '';
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  concatText = name: files: runCommand name { } "cat ${lib.escapeShellArgs files} > \"$out\"";

  # One folder of links to everything in `paths`; two files of one name are refused.
  buildEnv =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      postBuild ? "",
      ignoreCollisions ? false,
      meta ? { },
      passthru ? { },
      ...
    }:
    build {
      inherit name meta passthru;
      script = ''
        mkdir -p "$out"
        link() { # from, to
          mkdir -p "$2"
          for entry in "$1"/* "$1"/.[!.]*; do
            target="$2/''${entry##*/}"
            if [ -d "$entry" ] && [ ! -L "$entry" ]; then (link "$entry" "$target")
            elif [ ! -e "$entry" ] && [ ! -L "$entry" ]; then :
            elif [ ! -L "$target" ] && [ ! -e "$target" ]; then ln -s "$entry" "$target"
            elif [ "$(readlink -f "$target")" = "$(readlink -f "$entry")" ]; then :
            ${lib.optionalString ignoreCollisions "elif true; then :"}
            else echo "error: collision between \`$entry' and \`$(readlink -f "$target")'" >&2; exit 1
            fi
          done
        }
        for path in ${lib.concatMapStringsSep " " (path: "${path}") (lib.unique paths)}; do
          for part in ${lib.escapeShellArgs pathsToLink}; do
            if [ "$part" = / ]; then link "$path" "$out" || exit 1
            elif [ -d "$path$part" ]; then link "$path$part" "$out$part" || exit 1; fi
          done
        done
        ${postBuild}
      '';
    };
  symlinkJoin =
    {
      name,
      paths,
      postBuild ? "",
      ...
    }:
    buildEnv { inherit name paths postBuild; };
  linkFarm =
    name: entries:
    runCommand name { } ''
      mkdir -p "$out"
      ${lib.concatMapStrings
        (e: ''
          mkdir -p "$(dirname "$out/"${lib.escapeShellArg e.name})"
          ln -s ${lib.escapeShellArg "${e.path}"} "$out/"${lib.escapeShellArg e.name}
        '')
        (
          if builtins.isAttrs entries then
            lib.mapAttrsToList (name: path: { inherit name path; }) entries
          else
            entries
        )
      }
    '';
  emptyDirectory = runCommand "empty-directory" { } ''mkdir "$out"'';
  emptyFile = writeText "empty-file" "";

  # As much of it as a package with a script for `buildCommand` or `installPhase` needs.
  mkDerivation =
    given:
    let
      self = if builtins.isFunction given then given self else given;
      name = self.name or "${self.pname}-${self.version}";
      package =
        build {
          inherit name;
          meta = self.meta or { };
          passthru = {
            pname = self.pname or (builtins.parseDrvName name).name;
            version = self.version or (builtins.parseDrvName name).version;
          }
          // self.passthru or { };
          script = ''
            ${lib.optionalString (self ? src) ''
              if [ -d "$src" ]; then cp -r "$src" source; chmod -R u+w source; cd source; fi
            ''}
            ${self.buildCommand or ''
              ${self.buildPhase or ""}
              ${self.installPhase or ''mkdir -p "$out"''}
            ''}
          '';
          env =
            lib.filterAttrs (
              name: value:
              !(lib.elem name [
                "name"
                "meta"
                "passthru"
                "buildCommand"
                "buildPhase"
                "installPhase"
                "env"
              ])
              && (lib.strings.isStringLike value || builtins.isInt value || builtins.isBool value || builtins.isList value)
            ) self
            // self.env or { };
        };
    in
    package
    // {
      overrideAttrs =
        change:
        mkDerivation (self // (if builtins.isFunction (change self) then change self self else change self));
      override = _: package;
    };

  program =
    {
      pname,
      version,
      text,
      license ? "mit",
    }:
    mkDerivation {
      inherit pname version;
      text = "#!${runtimeShell}\n${text}\n";
      buildCommand = ''
        mkdir -p "$out/bin"
        printf %s "$text" > "$out/bin/$pname"
        chmod +x "$out/bin/$pname"
      '';
      meta = {
        mainProgram = pname;
        description = "Stand-in for ${pname}";
        license.spdxId = license;
      };
    };
  hostProgram =
    pname: version:
    program {
      inherit pname version;
      text = ''
        for folder in /usr/bin /bin /usr/sbin /sbin; do
          if [ -x "$folder/${pname}" ]; then exec "$folder/${pname}" "$@"; fi
        done
        echo "${pname} ${version}: not on this machine" >&2
        exit 127
      '';
    };
  kernelPackages = version: {
    kernel = mkDerivation {
      pname = "linux";
      inherit version;
      buildCommand = ''
        mkdir -p "$out/lib/modules/$version"
        echo "linux $version" > "$out/bzImage"
      '';
    };
  };
}
