# The backups of the others arrive by SSH, for a user of their own.
{
  services.openssh.settings.AllowUsers = [
    "ada"
    "backup"
  ];
}
