# nginx: health, metrics and dashboards of each side on loopback; the mint's API and the server's dashboard to the world
# where that is wished.
{ config, lib, ... }:
let
  cfg = config.services.hashpool;
  front = import ../front.nix { inherit (cfg) sides; };
  public = import ../public-front.nix { };
in
{
  config = lib.mkIf (cfg.sides != [ ]) {
    services.nginx = {
      enable = true;
      recommendedOptimisation = true;
      recommendedTlsSettings = true;
      statusPage = true;
      clientMaxBodySize = "1m";
      commonHttpConfig = lib.mkIf cfg.server.publicMint public.limits;
      virtualHosts =
        front.virtualHosts
        // lib.optionalAttrs cfg.server.publicMint {
          ${cfg.server.hostName} = public.virtualHost // {
            default = true;
            enableACME = cfg.acme;
            forceSSL = cfg.acme;
          };
        };
    };
  };
}
