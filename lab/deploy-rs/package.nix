# The real programs, as whoever set up the lab put them into ./bin: `activate`, and `deploy` if it is there.
{ pkgs }:
pkgs.runCommand "deploy-rs-1.0.0" { } ''
  mkdir -p "$out/bin"
  for program in ${
    if builtins.pathExists ./bin/activate then
      pkgs.lib.escapeShellArgs (
        [ "${./bin/activate}" ] ++ pkgs.lib.optional (builtins.pathExists ./bin/deploy) "${./bin/deploy}"
      )
    else
      throw "${toString ./.}/bin/activate is missing: put deploy-rs' activate there (nixcluster's setup does it)"
  }; do
    name="''${program##*-}"
    cp "$program" "$out/bin/$name"
    chmod 755 "$out/bin/$name"
  done
''
