{
  description = "A small stand-in for microvm.nix: a machine's and a virtual machine's options, evaluated and not run";

  outputs = _: {
    nixosModules.host = ./host.nix;
  };
}
