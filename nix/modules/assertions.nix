# What can't work, said where the host is evaluated, with what to do.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  inherit (cfg) client server;
in
{
  config = lib.mkIf (cfg.sides != [ ]) {
    assertions = [
      {
        assertion = !server.enable || server.coinbaseScript != null || cfg.network == "regtest";
        message = "services.hashpool.server.coinbaseScript is not set: name the descriptor that gets the block reward, as \"addr(ADDRESS)\" with an address of your own wallet.";
      }
      {
        assertion = !client.enable || client.pool.authorityKey != null;
        message = "services.hashpool.client.pool.authorityKey is not set, and the pool is not on this host: set it to what the pool's operator reads in /var/lib/hashpool/public/pool-authority.pub.";
      }
      {
        assertion = server.enable || client.pool.address != "127.0.0.1";
        message = "services.hashpool.client.pool.address is 127.0.0.1, and the server side is not on this host: name the pool's address, or set services.hashpool.server.enable.";
      }
      {
        assertion = !server.publicMint || server.enable;
        message = "services.hashpool.server.publicMint needs services.hashpool.server.enable: the mint is on the server side.";
      }
      {
        assertion = !server.publicMint || server.hostName != null;
        message = "services.hashpool.server.publicMint needs services.hashpool.server.hostName: the name by which wallets reach the mint. It is in their tokens.";
      }
      {
        assertion = !cfg.acme || server.hostName != null;
        message = "services.hashpool.acme needs services.hashpool.server.hostName: a certificate is for a name.";
      }
      {
        assertion = !(server.publicMint && cfg.network == "mainnet") || cfg.acme;
        message = "services.hashpool.server.publicMint on mainnet without services.hashpool.acme would send money in clear text: set it.";
      }
    ];
    warnings = lib.optional (server.enable && cfg.network != "regtest" && (cfg.settings.mint.backup.journal_path or null) == null) ''
      services.hashpool.settings.mint.backup.journal_path is not set: without the issuance journal on another disk, a mint
      that loses its disk loses what is newer than its last backup.
    '';
  };
}
