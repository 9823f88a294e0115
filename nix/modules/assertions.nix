# What can't work, said where the host is evaluated, with what to do.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  inherit (cfg) client server;
  declaring = client.jobDeclaration;
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
        assertion = !declaring.enable || declaring.coinbaseScript != null || cfg.network == "regtest";
        message = "services.hashpool.client.jobDeclaration.coinbaseScript is not set: name a descriptor of the miner's own, as \"addr(ADDRESS)\", for blocks that are found while no pool is there.";
      }
      {
        assertion = !declaring.enable || declaring.serverAuthorityKey != null;
        message = "services.hashpool.client.jobDeclaration.serverAuthorityKey is not set, and the jd-server is not on this host: set it to what its operator reads in /var/lib/hashpool/public/jd-server-authority.pub, or set services.hashpool.server.jobDeclaration.enable.";
      }
      {
        assertion = !declaring.enable || declaring.templateProvider.authorityKey != null;
        message = "services.hashpool.client.jobDeclaration.templateProvider.authorityKey is not set, and there is no node on this host: name the template provider of the miner's own node and its key.";
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
