# The operator's commands, each on this host's state, and a journal that does not fill the disk.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hashpool;
  commands = [
    "audit"
    "backup"
    "db"
    "doctor"
    "epochs"
    "generate-blocks"
    "payouts"
    "reserve"
    "restore"
    "rewards"
    "wallet"
  ];
  onState =
    name:
    pkgs.writeShellScriptBin "hashpool-${name}" ''
      exec ${cfg.package}/bin/hashpool-${name} "$@" --state /var/lib/hashpool
    '';
  # Asks as the roles' user: `bitcoin-cli -rpcport=48332 -rpcuser=hashpool getblockchaininfo`, as root.
  bitcoin-cli = pkgs.writeShellScriptBin "bitcoin-cli" ''
    exec ${cfg.node.cli} -rpcport=${toString (import ../roles.nix { }).checked.network.${cfg.network}.rpc} \
      -rpcuser=hashpool -stdinrpcpass "$@" < <(${pkgs.coreutils}/bin/cut -d: -f2- /var/lib/hashpool/credentials/bitcoin-rpc)
  '';
in
{
  config = lib.mkIf (cfg.sides != [ ]) {
    environment.systemPackages = map onState commands ++ [ pkgs.sqlite ] ++ lib.optional cfg.server.enable bitcoin-cli;
    services.journald.extraConfig = ''
      SystemMaxUse=2G
      SystemKeepFree=2G
      MaxRetentionSec=3month
    '';
  };
}
