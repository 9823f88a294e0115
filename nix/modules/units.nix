# The table of roles as systemd units, users, groups and folders.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hashpool;
  packages = import ../packages { inherit pkgs; };
  # A pool in front of an ordinary one gets its work there; only a jd-client beside it asks for templates then.
  usesTemplates = (cfg.settings.pool.sv1_upstream or null) == null || cfg.client.jobDeclaration.enable;
  table = import ../table.nix {
    node = lib.getExe pkgs.nodejs-slim_24;
    app = "${cfg.package}/lib/hashpool";
    bitcoind = cfg.node.executable or "bitcoind";
    sv2tp = if cfg.server.enable && usesTemplates && cfg.node.kind == "sv2" then lib.getExe packages.sv2-tp else null;
    without =
      lib.optional (lib.elem cfg.node.kind [
        "nixpkgs"
        "elsewhere"
      ]) "bitcoind"
      ++ lib.optional (!usesTemplates) "template-provider"
      ++ map (role: role.name) (lib.filter (role: !cfg.runs role) (import ../roles.nix { }).checked.roles);
    path = [ config.systemd.package ];
    noop = lib.getExe' pkgs.coreutils "true";
    inherit (cfg) network sides;
    groups.translator = lib.optional (cfg.client.tls != null && cfg.client.tls.group != null) cfg.client.tls.group;
    backup = if cfg.backup.enable then { inherit (cfg.backup) to keep calendar hardening; } else null;
  };
  bare = suffix: lib.mapAttrs' (name: lib.nameValuePair (lib.removeSuffix suffix name));

  # A role reads its config files when it starts.
  withConfig =
    unit:
    unit
    // {
      enableDefaultPath = false;
      restartTriggers = lib.mapAttrsToList (_: file: file.text) (
        lib.filterAttrs (path: _: lib.hasInfix "/etc/${path}" unit.serviceConfig.ExecStart) config.environment.etc
      );
    };
in
{
  options.services.hashpool.table = lib.mkOption {
    type = lib.types.raw;
    internal = true;
    readOnly = true;
    default = table;
    description = "What nix/table.nix makes for this host.";
  };

  config = lib.mkIf (cfg.sides != [ ]) {
    systemd.services = bare ".service" (lib.mapAttrs (_: withConfig) table.services);
    systemd.timers = bare ".timer" table.timers;
    systemd.slices = lib.genAttrs (map (lib.removeSuffix ".slice") table.slices) (_: { });

    users.groups = lib.genAttrs table.groups (_: { });
    users.users = lib.genAttrs table.users (_: {
      isSystemUser = true;
      group = "hashpool";
    });

    systemd.tmpfiles.settings.hashpool = {
      "/var/lib/hashpool".d = {
        mode = "0755";
        user = "root";
        group = "root";
      };
      # Commands find the effective config beside the state.
      "/var/lib/hashpool/config"."L+".argument = "/etc/hashpool";
    }
    // lib.mapAttrs' (
      _: socket:
      lib.nameValuePair socket.folder {
        d = {
          mode = "2750";
          user = socket.owner;
          inherit (socket) group;
        };
      }
    ) table.sockets;
  };
}
