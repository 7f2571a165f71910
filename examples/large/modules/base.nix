# What every machine has; real ones bring disks of their own.
{
  services.openssh.enable = true;
  networking.firewall.allowedTCPPorts = [ 22 ];

  boot.loader.grub.device = "/dev/sda";
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
}
