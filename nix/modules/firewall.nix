# Only what the table of roles has as open, and of that only what the options say.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  openOf = side: map (port: port.number) (
    lib.filter (port: port.side == side && port.listen == "open") cfg.table.ports
  );
in
{
  config = lib.mkIf (cfg.sides != [ ]) {
    networking.firewall.allowedTCPPorts =
      lib.optionals (cfg.server.enable && cfg.server.openFirewall) (openOf "server")
      ++ lib.optionals (cfg.client.enable && cfg.client.openFirewall) (openOf "client")
      ++ lib.optionals cfg.server.publicMint [
        80
        443
      ];
  };
}
