{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.services.hashpool;
  packages = import ../packages { inherit pkgs; };
in
{
  options.services.hashpool = {
    package = mkOption {
      type = types.package;
      default = packages.hashpool;
      defaultText = "the flake's own";
      description = "The application.";
    };
    network = mkOption {
      type = types.enum [
        "mainnet"
        "testnet4"
        "regtest"
      ];
      default = "testnet4";
      description = "The chain that all parts are on. The config files of `config/NETWORK` are the defaults of the settings.";
    };
    sides = mkOption {
      type = types.listOf types.str;
      readOnly = true;
      default = lib.optional cfg.server.enable "server" ++ lib.optional cfg.client.enable "client";
      description = "The sides that this host runs.";
    };
    runs = mkOption {
      type = types.functionTo types.bool;
      internal = true;
      readOnly = true;
      default =
        role:
        lib.elem role.side cfg.sides && (role.feature == null || cfg.${role.side}.jobDeclaration.enable);
      description = "Whether a role of the table is one of this host's, but for a node that something else runs.";
    };
    acme = mkOption {
      type = types.bool;
      default = false;
      description = "Whether certificates come from Let's Encrypt. Wants `security.acme.acceptTerms` and `defaults.email`.";
    };

    server = {
      enable = mkEnableOption "the server side: node, template provider, mint, pool";
      openFirewall = mkOption {
        type = types.bool;
        default = false;
        description = "Opens the ports that translators and job declarators elsewhere connect to.";
      };
      coinbaseScript = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "addr(tb1q...)";
        description = "Descriptor of the output that gets the block reward, for pool and mint alike.";
      };
      publicMint = mkOption {
        type = types.bool;
        default = false;
        description = "Whether nginx serves the mint's API and the dashboard of this side to the world.";
      };
      hostName = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "mint.example.org";
        description = "The name that wallets reach the mint by, where it is public.";
      };
    };

    client = {
      enable = mkEnableOption "the client side: translator and wallet";
      openFirewall = mkOption {
        type = types.bool;
        default = true;
        description = "Opens the ports that miners connect to.";
      };
      tls = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              certificate = mkOption {
                # A path of Nix's own would be copied to where everybody reads it.
                type = types.strMatching "/.+";
                example = "/var/lib/acme/miners.example.org/fullchain.pem";
                description = "The certificate and those that lead to its root, in PEM.";
              };
              key = mkOption {
                type = types.strMatching "/.+";
                example = "/var/lib/acme/miners.example.org/key.pem";
                description = "Its key, in PEM.";
              };
              group = mkOption {
                type = types.nullOr types.str;
                default = null;
                example = "acme";
                description = "The group that may read both.";
              };
            };
          }
        );
        default = null;
        description = ''
          Opens a port for miners that speak TLS, beside the plain one. The files are read where they lie, and read anew by
          `systemctl reload hashpool-translator`, which cuts nobody off.
        '';
      };
      pool = {
        address = mkOption {
          type = types.str;
          default = "127.0.0.1";
          description = "Name or address of the pool.";
        };
        authorityKey = mkOption {
          type = types.nullOr types.str;
          default = if cfg.server.enable then "public:pool-authority.pub" else null;
          defaultText = "the pool's on this host";
          description = "The pool's authority key: what its operator reads in /var/lib/hashpool/public/pool-authority.pub.";
        };
        mintUrl = mkOption {
          type = types.str;
          default = "http://127.0.0.1:3338";
          description = "The mint that pays this pool's shares.";
        };
      };
    };
  };
}
