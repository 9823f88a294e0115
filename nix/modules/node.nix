# The Bitcoin node: multiprocess Core with sv2-tp, any bitcoind with the project's own template provider, nixpkgs' own
# module, or one that runs elsewhere.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.hashpool;
  packages = import ../packages { inherit pkgs; };
  table = (import ../roles.nix { }).checked;
  rpcPort = table.network.${cfg.network}.rpc;
  conf = import ../bitcoin-conf.nix {
    inherit (cfg) network;
    extra = cfg.node.extraConfig;
  };
in
{
  options.services.hashpool.node = {
    kind = mkOption {
      type = types.enum [
        "sv2"
        "plain"
        "nixpkgs"
        "elsewhere"
      ];
      default = if cfg.network == "regtest" then "plain" else "sv2";
      defaultText = "sv2, and plain on regtest";
      description = ''
        `sv2`: multiprocess Bitcoin Core and sv2-tp. `plain`: the bitcoind of `package`, and this project's template
        provider. `nixpkgs`: the same with `services.bitcoind.hashpool` of nixpkgs. `elsewhere`: a node that
        `settings.server.bitcoin.rpc_url` names; its `user:password` lies in /var/lib/hashpool/credentials/bitcoin-rpc.
      '';
    };
    package = mkOption {
      type = types.package;
      default = pkgs.bitcoind;
      defaultText = "pkgs.bitcoind";
      description = "The bitcoind of the kinds plain and nixpkgs.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      example = "prune=20000";
      description = "Lines for bitcoin.conf, above those of the project's file.";
    };
    executable = mkOption {
      type = types.str;
      internal = true;
      description = "What bitcoind.service runs.";
    };
    cli = mkOption {
      type = types.str;
      internal = true;
      description = "Its bitcoin-cli.";
    };
  };

  config = mkIf cfg.server.enable {
    services.hashpool.node = {
      executable =
        if cfg.node.kind == "sv2" then
          "${packages.bitcoin-core}/libexec/bitcoin-node"
        else
          "${cfg.node.package}/bin/bitcoind";
      cli = "${if cfg.node.kind == "sv2" then packages.bitcoin-core else cfg.node.package}/bin/bitcoin-cli";
    };

    environment.etc."hashpool/bitcoin.conf".text = conf;

    services.bitcoind = mkIf (cfg.node.kind == "nixpkgs") {
      hashpool = {
        enable = true;
        inherit (cfg.node) package;
        rpc.port = rpcPort;
        configFile = "/etc/hashpool/bitcoin.conf";
      };
    };
    systemd.services.bitcoind-hashpool = mkIf (cfg.node.kind == "nixpkgs") {
      aliases = [ "bitcoind.service" ];
      wants = [ "hashpool-credentials.service" ];
      after = [ "hashpool-credentials.service" ];
    };
  };
}
