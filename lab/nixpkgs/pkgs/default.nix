# A package set of a dozen packages: builders, and stand-ins for programs that a plan can show.
# Builds run /bin/sh and the coreutils of the building machine; results need only what every target has.
{
  lib,
  system,
  config,
  pkgs,
}:
let
  builders = import ./builders.nix { inherit lib system; };
  npm = import ./npm.nix { inherit lib pkgs; };
  inherit (builders) program;
  cpu = builtins.head (builtins.split "-" system);
  platform = lib.systems.elaborate system;
in
builders
// npm
// {
  inherit lib system config;
  inherit (pkgs.stdenv) hostPlatform;
  stdenv = {
    hostPlatform = platform;
    buildPlatform = platform;
    targetPlatform = platform;
    inherit (builders) mkDerivation shell;
    isLinux = true;
    isDarwin = false;
    isx86_64 = cpu == "x86_64";
    isAarch64 = cpu == "aarch64";
  };
  stdenvNoCC = pkgs.stdenv;
  callPackage =
    file: overrides:
    let
      f = if builtins.isFunction file then file else import file;
    in
    f (builtins.intersectAttrs (builtins.functionArgs f) pkgs // overrides);
  path = ../.;
  formats = import ./formats.nix { inherit lib pkgs; };

  hello = program {
    pname = "hello";
    version = "2.12.1";
    text = ''
      echo "''${HELLO:-Hello, world!}"
    '';
  };
  htop = program {
    pname = "htop";
    version = "3.3.0";
    text = "exec top -b -n 1 2>/dev/null || echo htop 3.3.0";
  };
  vault = program {
    pname = "vault";
    version = "1.17.2";
    text = ''
      case "''${1:-}" in
        server) echo "vault 1.17.2: serving"; exec sleep infinity ;;
        *) echo "Vault v1.17.2" ;;
      esac
    '';
    license = "bsl11";
  };
  cacert = pkgs.runCommand "cacert" { } ''
    mkdir -p "$out/etc/ssl/certs"
    ln -s /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/ca-bundle.crt"
  '';
  # These hand over to the program of the machine, if it has one.
  jq = builders.hostProgram "jq" "1.7.1";
  curl = builders.hostProgram "curl" "8.9.1";
  git = builders.hostProgram "git" "2.46.0";
  gitMinimal = pkgs.git;
  vim = builders.hostProgram "vim" "9.1.0595";
  tmux = builders.hostProgram "tmux" "3.4";
  openssh = builders.hostProgram "ssh" "9.8p1" // { pname = "openssh"; };
  nodejs_24 = builders.hostProgram "node" "24.11.1" // { pname = "nodejs"; };
  redis = builders.hostProgram "redis-server" "8.2.3" // { pname = "redis"; };
  nginx = builders.hostProgram "nginx" "1.26.1";
  k3s = builders.hostProgram "k3s" "1.33.3+k3s1";
  coreutils = builders.hostProgram "env" "9.5" // { pname = "coreutils"; };
  iproute2 = builders.hostProgram "ip" "6.9.0";
  systemd = builders.hostProgram "systemctl" "256.4";
  nix = builders.hostProgram "nix" "2.26.3";
  bash = builders.hostProgram "bash" "5.2.32" // { shellPath = "/bin/bash"; };
  bashInteractive = pkgs.bash;
  zsh = builders.hostProgram "zsh" "5.9" // { shellPath = "/bin/zsh"; };
  linuxPackages = pkgs.linuxPackages_6_12;
  linuxPackages_6_12 = builders.kernelPackages "6.12.41";
  linuxPackages_6_6 = builders.kernelPackages "6.6.101";
  linuxPackages_latest = builders.kernelPackages "6.16.1";
}
