# Everything that NixOS would put onto a regtest host with both sides, as text files for a Debian.
{
  node,
  app,
  bitcoind,
}:
let
  inherit (builtins)
    attrValues
    concatStringsSep
    listToAttrs
    map
    mapAttrs
    toJSON
    ;
  render = import ../../nix/render.nix;
  front = import ../../nix/front.nix { };
  public = import ../../nix/public-front.nix { };
  table = import ../../nix/table.nix {
    inherit node app bitcoind;
    network = "regtest";
    path = [ "/usr" ];
    backup = {
      to = "/var/backups/hashpool";
      keep = 3;
      calendar = "daily";
    };
  };
  renamed = f: set: listToAttrs (map (name: { name = f name; value = set.${name}; }) (builtins.attrNames set));
  lines = concatStringsSep "\n";
in
{
  inherit (table) ports users;
  fronts = (import ../../nix/roles.nix { }).front;
  units = builtins.attrNames table.services;
  files =
    renamed (name: "etc/systemd/system/${name}") (mapAttrs (_: render.service) table.services)
    // renamed (name: "etc/systemd/system/${name}") (mapAttrs (_: render.timer) table.timers)
    // listToAttrs (
      map (file: {
        name = "etc/prometheus/${baseNameOf file}";
        value = builtins.readFile file;
      }) front.prometheus.ruleFiles
    )
    // {
      "etc/hashpool/bitcoin.conf" = import ../../nix/bitcoin-conf.nix { network = "regtest"; };
      "etc/sysusers.d/hashpool.conf" = lines (
        map (group: "g ${group} -") table.groups ++ map (user: "u ${user} - - -") table.users ++ [ "" ]
      );
      "etc/tmpfiles.d/hashpool.conf" = lines (
        map (socket: "d ${socket.folder} 2750 ${socket.owner} ${socket.group}") (attrValues table.sockets)
        ++ [
          "d /var/backups/hashpool 0750 root hashpool"
          "L+ /var/lib/hashpool/config - - - - /etc/hashpool"
          ""
        ]
      );
      "etc/nginx/conf.d/hashpool.conf" = lines (map render.virtualHost (attrValues front.virtualHosts));
      "etc/nginx/conf.d/public.conf" =
        public.limits
        + render.virtualHost (
          public.virtualHost
          // {
            listen = [
              {
                addr = "0.0.0.0";
                port = 80;
              }
            ];
          }
        );
      "etc/prometheus/prometheus.yml" = toJSON {
        rule_files = [ "*.rules.yml" ];
        scrape_configs = front.prometheus.scrapeConfigs;
      };
      "etc/default/prometheus" = ''ARGS="--web.listen-address=127.0.0.1:${toString front.prometheus.port}"
      '';
    };
}
