# One virtual host: the module that makes it, and the module by which its machine accepts it.
{
  inputs,
  lib,
  resolveIn,
  file,
}:
let
  vhost = import file;
  host = import ./host.nix {
    inherit inputs lib resolveIn;
    host = vhost;
  };

  # A type is a function to a module of the machine: one of ours, or a file of the repository.
  typeFile = if builtins.isPath vhost.type then vhost.type else ./types + "/${vhost.type}.nix";
  type = import typeFile;
in
{
  inherit (host) module services;

  accepted =
    { pkgs, config, ... }@args:
    let
      scope = host.scopeOf args;
      settings = (vhost.settings or (_: { })) scope;
      arguments = {
        inherit lib inputs settings;
        inherit (host) module;
        name = vhost.label;
        host = scope.this;
        network = vhost.network or null;
        image = vhost.image or null;
        specialArgs = host.specialArgsOf {
          inherit pkgs;
          config = throw "the data of ${vhost.name} cannot depend on its configuration where a module's argument `nixcluster` is asked for it";
        };
      };
      named = lib.functionArgs type;
    in
    {
      _file = vhost.place;
      imports = [
        {
          _file = toString typeFile;
          imports = [ (type (if named == { } then arguments else builtins.intersectAttrs named arguments)) ];
        }
      ];
    };
}
