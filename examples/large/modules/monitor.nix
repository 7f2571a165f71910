{
  networking.firewall.allowedTCPPorts = [ 9090 ];
}
