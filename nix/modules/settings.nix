# The config files of all roles: options typed by the same schemas that the roles check, written to /etc/hashpool.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  schemas = lib.importJSON ../settings.json;
  types = import ../schema-types.nix { inherit lib; };
  toml = import ../toml.nix;
  table = (import ../roles.nix { }).checked;

  here = lib.filter (role: !role.trial && cfg.runs role && schemas ? ${role.name}) table.roles;
  shared = lib.genAttrs cfg.sides (
    side: (lib.findFirst (role: role.side == side && role ? shared) { } table.roles).shared
  );
  # The file of each role and each side.
  files = lib.listToAttrs (map (role: lib.nameValuePair role.name role.config) here) // shared;

  # The project's own file for the network, as a default of lowest strength.
  fromFile =
    file:
    let
      path = ../../config + "/${cfg.network}/${file}";
      weak = value: if lib.isAttrs value then lib.mapAttrs (_: weak) value else lib.mkDefault value;
    in
    if builtins.pathExists path then weak (lib.importTOML path) else { };

  # What other options say; a setting of the operator's own is stronger.
  derived = {
    mint = lib.optionalAttrs (cfg.server.coinbaseScript != null) {
      info.url = lib.mkOverride 900 mintUrl;
      pool = lib.mkOverride 900 (
        map (pool: { coinbase_reward_script = cfg.server.coinbaseScript; } // pool) (
          lib.importTOML (../../config + "/${cfg.network}/mint.config.toml")
        ).pool
      );
    };
    server.mint.url = lib.mkOverride 900 mintUrl;
    client.mint.url = lib.mkOverride 900 (if cfg.server.enable then mintUrl else cfg.client.pool.mintUrl);
    pool-stats.health.backup_path = lib.mkIf cfg.backup.enable (lib.mkOverride 900 cfg.backup.to);
    proxy-stats.probes = {
      wallet_socket = lib.mkOverride 900 walletSocket;
      translator_tls_port = lib.mkIf (cfg.client.tls != null) (lib.mkOverride 900 tlsPort);
    };
    translator = {
      wallet.socket_path = lib.mkOverride 900 walletSocket;
      downstream_tls = lib.mkIf (cfg.client.tls != null) (
        lib.mkOverride 900 {
          port = tlsPort;
          certificate = "file:${cfg.client.tls.certificate}";
          key = "file:${cfg.client.tls.key}";
        }
      );
      upstreams = lib.mkOverride 900 [
        {
          inherit (cfg.client.pool) address;
          port = 34254;
          authority_pubkey = cfg.client.pool.authorityKey;
        }
      ];
    };
  };
  # What features of the role's side change in its config; stronger than what other options say.
  featured =
    name:
    let
      role = lib.findFirst (role: role.name == name) null here;
      features = lib.unique (
        map (other: other.feature) (
          lib.filter (other: role != null && other.side == role.side && other.feature != null) here
        )
      );
      strong = value: if lib.isAttrs value then lib.mapAttrs (_: strong) value else lib.mkOverride 800 value;
      changes = feature: strong ((lib.importTOML (../../config + "/${feature}.toml")).${name} or { });
    in
    map changes features;
  tlsPort =
    (lib.findFirst (port: port.key or null == "downstream_tls") { } (
      lib.concatMap (role: role.ports) (lib.filter (role: role.name == "translator") table.roles)
    )).number;
  # Each role of the server side that builds coinbases pays the same script.
  rewardScript =
    name:
    lib.optionalAttrs (
      cfg.server.coinbaseScript != null
      && schemas.${name}.properties ? coinbase_reward_script
      && lib.any (role: role.name == name && role.side == "server") here
    ) { coinbase_reward_script = lib.mkOverride 900 cfg.server.coinbaseScript; };
  # In a folder that the two alone share.
  walletSocket = "/run/hashpool-wallet/wallet.sock";
  mintUrl =
    if cfg.server.publicMint && cfg.server.hostName != null then
      "http${lib.optionalString cfg.acme "s"}://${cfg.server.hostName}"
    else
      "http://127.0.0.1:3338";
in
{
  options.services.hashpool.settings = lib.mapAttrs (
    name: schema:
    lib.mkOption {
      type = lib.types.nullOr (types.file schema);
      default = null;
      description = "The config file of ${name}; keys as in config/regtest.";
    }
  ) schemas;

  config = lib.mkIf (cfg.sides != [ ]) {
    services.hashpool.settings = lib.mapAttrs (
      name: file:
      lib.mkMerge (
        [
          (fromFile file)
          (derived.${name} or { })
          (rewardScript name)
        ]
        ++ featured name
      )
    ) files;

    environment.etc = lib.mapAttrs' (
      name: file:
      lib.nameValuePair "hashpool/${file}" { text = toml (types.said cfg.settings.${name}); }
    ) files;
  };
}
