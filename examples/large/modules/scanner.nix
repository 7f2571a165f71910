{
  environment.etc."scanner.conf".text = "camera = 0\n";
}
