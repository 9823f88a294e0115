# Only what the table of roles has as open, and of that only what the options say.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  isUsed = port: port.key == null || (cfg.settings.${port.role}.${port.key} or null) != null;
  openOf = side: map (port: port.number) (
    lib.filter (port: port.side == side && port.listen == "open" && isUsed port) cfg.table.ports
  );
  further = cfg.settings.translator.downstream_listeners or null;
  listeners = lib.optionals (further != null) (map (each: each.port) further);
in
{
  config = lib.mkIf (cfg.sides != [ ]) {
    networking.firewall.allowedTCPPorts =
      lib.optionals (cfg.server.enable && cfg.server.openFirewall) (openOf "server")
      ++ lib.optionals (cfg.client.enable && cfg.client.openFirewall) (openOf "client" ++ listeners)
      ++ lib.optionals cfg.server.publicMint [
        80
        443
      ];
  };
}
