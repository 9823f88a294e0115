# A whole appliance on a chain of its own, to try things out: `nix run .#regtest-vm`, or an image of it.
{ lib, pkgs, config, ... }:
let
  cfg = config.services.hashpool;
in
{
  services.hashpool = {
    network = "regtest";
    server.enable = true;
    client.enable = true;
  };

  # The miner for trials, which is no unit of a real host.
  systemd.services.trial-miner = {
    description = "CPU miner for trials";
    wantedBy = [ "multi-user.target" ];
    after = [ "hashpool-translator.service" ];
    serviceConfig = {
      ExecStart = "${lib.getExe pkgs.nodejs-slim_24} ${cfg.package}/lib/hashpool/roles/miner/main.ts -c ${../config/regtest/miner.config.toml} -g /etc/hashpool/shared/miner.toml";
      DynamicUser = true;
      Restart = "always";
      RestartSec = "10s";
    };
  };

  networking.hostName = "hashpool-regtest";
  services.getty.autologinUser = "root";
  virtualisation.vmVariant.virtualisation = {
    memorySize = 4096;
    cores = 2;
    graphics = false;
    forwardPorts = [
      {
        from = "host";
        host.port = 34255;
        guest.port = 34255;
      }
    ];
  };
  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  boot.loader.grub.device = lib.mkDefault "/dev/vda";

  system.stateVersion = "26.05";
}
