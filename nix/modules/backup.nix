# Backups by a timer: copied while all runs, checked, kept so many.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.hashpool;
in
{
  options.services.hashpool.backup = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the databases are backed up by a timer.";
    };
    to = mkOption {
      type = types.str;
      default = "/var/backup/hashpool";
      description = "Where backups are kept; best a mount of another machine's disk.";
    };
    keep = mkOption {
      type = types.ints.between 1 10000;
      default = 14;
      description = "How many stay.";
    };
    calendar = mkOption {
      type = types.str;
      default = "hourly";
      description = "When, as systemd.time(7) has it.";
    };
    hardening = mkOption {
      type = types.enum [
        "offline"
        "public"
      ];
      default = if (cfg.settings.mint.hashpool_mint.database or null) == null then "offline" else "public";
      defaultText = "offline, and public where the mint's database is a server's";
      internal = true;
      description = "What the backup's unit may reach.";
    };
  };

  config = lib.mkIf (cfg.sides != [ ] && cfg.backup.enable) {
    systemd.tmpfiles.settings.hashpool.${cfg.backup.to}.d = {
      # The stats service looks at how old the newest is; what is in them is root's alone.
      mode = "0750";
      user = "root";
      group = "hashpool";
    };
  };
}
