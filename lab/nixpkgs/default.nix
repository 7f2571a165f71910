# `import nixpkgs { system; overlays; config; }`, as of the real one.
{
  system ? builtins.currentSystem,
  overlays ? [ ],
  config ? { },
  ...
}:
let
  lib = import ./lib;
  # An overlay sees the final set first and the set that it extends second.
  extend =
    overlay: base: final:
    let
      previous = base final;
    in
    previous // overlay final previous;
  layered = builtins.foldl' (base: overlay: extend overlay base) (
    final:
    import ./pkgs {
      inherit lib system config;
      pkgs = final;
    }
  ) overlays;
  pkgs = layered pkgs;
in
pkgs
// {
  inherit overlays;
  # Evaluated anew, so that every package sees the new ones.
  extend = overlay: import ./. { inherit system config; overlays = overlays ++ [ overlay ]; };
  appendOverlays = more: import ./. { inherit system config; overlays = overlays ++ more; };
}
