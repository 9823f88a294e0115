# Miners choose their own blocks: the jd-server beside the pool, the jd-client beside the translator.
{ config, lib, ... }:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.services.hashpool;
  inherit (cfg) client server;
  declaring = client.jobDeclaration;
  # Stronger than the project's files, weaker than a setting of the operator's own.
  derived = lib.mapAttrs (_: lib.mkOverride 900);
in
{
  options.services.hashpool = {
    server.jobDeclaration.enable = mkEnableOption "the jd-server: miners may choose their own blocks";

    client.jobDeclaration = {
      enable = mkEnableOption "the jd-client: miners mine blocks of this host's own node, for the pool";
      coinbaseScript = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "addr(tb1q...)";
        description = "Descriptor of the miner's own output, which gets the reward where no pool is there and miners mine solo.";
      };
      serverAddress = mkOption {
        type = types.str;
        default = client.pool.address;
        defaultText = "the pool's";
        description = "Name or address of the pool's jd-server.";
      };
      serverAuthorityKey = mkOption {
        type = types.nullOr types.str;
        default = if server.jobDeclaration.enable then "public:jd-server-authority.pub" else null;
        defaultText = "the jd-server's on this host";
        description = "Its authority key: what its operator reads in /var/lib/hashpool/public/jd-server-authority.pub.";
      };
      templateProvider = {
        address = mkOption {
          type = types.str;
          default = "127.0.0.1:8442";
          description = "The template provider of the miner's own node, as host:port.";
        };
        authorityKey = mkOption {
          type = types.nullOr types.str;
          default = if server.enable then "public:template-provider-authority.pub" else null;
          defaultText = "that of this host's";
          description = "The key by which it is known.";
        };
      };
    };
  };

  config = lib.mkIf (client.enable && declaring.enable) {
    services.hashpool.settings.jd-client = derived (
      {
        tp_address = declaring.templateProvider.address;
        tp_authority_public_key = declaring.templateProvider.authorityKey;
        upstreams = [
          {
            pool_address = client.pool.address;
            pool_port = 34254;
            authority_pubkey = client.pool.authorityKey;
            jds_address = declaring.serverAddress;
            jds_port = 34256;
            jds_authority_pubkey = declaring.serverAuthorityKey;
          }
        ];
      }
      // lib.optionalAttrs (declaring.coinbaseScript != null) {
        coinbase_reward_script = declaring.coinbaseScript;
      }
    );

    assertions = [
      {
        assertion = declaring.coinbaseScript != null || cfg.network == "regtest";
        message = "services.hashpool.client.jobDeclaration.coinbaseScript is not set: name a descriptor of the miner's own, as \"addr(ADDRESS)\", for blocks that are found while no pool is there.";
      }
      {
        assertion = declaring.serverAuthorityKey != null;
        message = "services.hashpool.client.jobDeclaration.serverAuthorityKey is not set, and the jd-server is not on this host: set it to what its operator reads in /var/lib/hashpool/public/jd-server-authority.pub, or set services.hashpool.server.jobDeclaration.enable.";
      }
      {
        assertion = declaring.templateProvider.authorityKey != null;
        message = "services.hashpool.client.jobDeclaration.templateProvider.authorityKey is not set, and there is no node on this host: name the template provider of the miner's own node and its key.";
      }
    ];
  };
}
