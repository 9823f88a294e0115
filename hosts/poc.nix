# The proof of concept: both sides on one VPS, on testnet4. Set what is marked before the first deployment.
{ config, lib, ... }:
let
  # BIP 173's example, for which nobody here has the key.
  placeholder = "addr(tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx)";
in
{
  imports = lib.optional (builtins.pathExists ./hardware-configuration.nix) ./hardware-configuration.nix;

  services.hashpool = {
    network = "testnet4";
    server = {
      enable = true;
      # SET: who gets the block rewards.
      coinbaseScript = lib.mkDefault placeholder;
      # Wallets elsewhere: a name of this host, and publicMint and acme below.
      # hostName = "mint.example.org";
      # publicMint = true;
    };
    client.enable = true;
    # acme = true;
  };
  warnings = lib.optional (
    config.services.hashpool.server.coinbaseScript == placeholder
  ) "services.hashpool.server.coinbaseScript is a placeholder: block rewards go to nobody until you set it.";
  # security.acme = { acceptTerms = true; defaults.email = "operator@example.org"; };

  networking = {
    hostName = "hashpool-poc";
    firewall = {
      enable = true;
      # SSH comes with services.openssh; miners' port with the client side.
      allowedTCPPorts = [
        80
        443
      ];
    };
  };

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  # SET: the keys of those who deploy.
  users.users.root.openssh.authorizedKeys.keys = lib.mkDefault [ ];

  nix = {
    settings = {
      experimental-features = [
        "nix-command"
        "flakes"
      ];
      auto-optimise-store = true;
    };
    gc = {
      automatic = true;
      dates = "weekly";
      options = "--delete-older-than 30d";
    };
  };

  # A disk as most providers have it; replaced by hardware-configuration.nix where that is there.
  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  boot.loader.grub.device = lib.mkDefault "/dev/vda";

  system.stateVersion = "26.05";
}
