# The table's ports: which are open, as far as the options say so, and that no outgoing connection is given one of them.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  isUsed = port: port.key == null || (cfg.settings.${port.role}.${port.key} or null) != null;
  numbersOf = wanted: map (port: port.number) (lib.filter (port: wanted port && isUsed port) cfg.table.ports);
  openOf = side: numbersOf (port: port.side == side && port.listen == "open");
  further = cfg.settings.translator.downstream_listeners or null;
  listeners = lib.optionals (cfg.client.enable && further != null) (map (each: each.port) further);
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

    # Linux takes those from 32768 up, where some of ours are: one that was held so would keep a role from starting again.
    # What an operator sets takes its place.
    boot.kernel.sysctl."net.ipv4.ip_local_reserved_ports" = lib.mkDefault (
      lib.concatMapStringsSep "," toString (numbersOf (_: true) ++ listeners)
    );
  };
}
