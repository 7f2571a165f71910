# The outputs of the source's own flake, with ours beside them.
{
  inputs,
  source,
  ours,
}:
let
  # A function without `...` takes no input that it does not name.
  names = removeAttrs (builtins.functionArgs source.outputs // (source.inputs or { })) [ "self" ];
  theirs = source.outputs (builtins.intersectAttrs names inputs // { inherit (inputs) self; });

  # How deep an output of ours is a set of several, such as `checks.<system>.<name>`.
  depths = {
    nixosConfigurations = 1;
    deploy = 2;
    checks = 2;
    packages = 2;
    lib = 1;
  };

  merge =
    path: depth: theirs: ours:
    theirs
    // builtins.mapAttrs (
      name: value:
      if !(theirs ? ${name}) then
        value
      else if depth name > 0 then
        merge "${path}${name}." (_: depth name - 1) theirs.${name} value
      else
        throw "flake.nix has the output `${path}${name}', and so has what nixcluster adds to it: give yours another name"
    ) ours;
in
merge "" (name: depths.${name} or 0) theirs ours
