# nginx and Prometheus in front of the stats services: data that NixOS's modules take as they are, and that tests
# render. Builtins alone.
{
  table ? (import ./roles.nix { }).checked,
  sides ? [
    "server"
    "client"
  ],
}:
let
  inherit (builtins) listToAttrs map toString;

  # An honest 503 where the stats service itself is away; its own 503 goes through as it is.
  down = side: ''
    internal;
    default_type application/json;
    return 503 '{"status":"down","reason":"the stats service of the ${side} side does not answer"}';
  '';

  # The port stays in Host: a page's own origin has it, and the service takes orders from its own page alone.
  proxied = side: patience: extra: {
    proxyPass = "http://127.0.0.1:${toString table.front.${side}.upstream}";
    extraConfig = ''
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 2s;
      proxy_read_timeout ${patience};
      error_page 502 504 = @down;
      ${extra}
    '';
  };

  # Dashboard, /health and /metrics of a side; the live feed as a WebSocket, or as events that nginx
  # does not gather (X-Accel-Buffering).
  host = side: {
    listen = [
      {
        addr = "127.0.0.1";
        port = table.front.${side}.number;
      }
    ];
    extraConfig = "";
    locations = {
      "/" = proxied side "15s" "";
      "= /ws" = proxied side "1h" ''
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
      '';
      "= /api/live" = proxied side "1h" "";
      "@down".extraConfig = down side;
    };
  };
in
{
  virtualHosts = listToAttrs (
    map (side: {
      name = "hashpool-${side}";
      value = host side;
    }) sides
  );

  prometheus = {
    port = table.front.prometheus.number;
    scrapeConfigs = [
      {
        job_name = "hashpool";
        scrape_interval = "15s";
        metrics_path = "/metrics";
        static_configs = map (side: {
          targets = [ "127.0.0.1:${toString table.front.${side}.number}" ];
          labels.side = if side == "server" then "pool" else "proxy";
        }) sides;
      }
    ];
    # Alerts and recording rules of the project, each a file.
    ruleFiles = [
      ../config/prometheus/alerts.rules.yml
      ../config/prometheus/recording.rules.yml
    ];
  };
}
