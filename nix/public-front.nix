# What the world sees of a server: the mint's API under /v1, and the dashboard. Each client is limited here before the
# mint's own limits count. Builtins alone.
{
  table ? (import ./roles.nix { }).checked,
}:
let
  inherit (builtins) toString;
  mint = builtins.head (builtins.filter (role: role.name == "mint") table.roles);
  mintPort = (builtins.head (builtins.filter (port: port.name == "cashu-http") mint.ports)).number;

  dashboard = "http://127.0.0.1:${toString table.front.server.upstream}";

  proxy = patience: {
    extraConfig = ''
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      # What a client says of itself is not passed on: the mint counts by this address.
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $hashpool_connection;
      proxy_connect_timeout 5s;
      proxy_read_timeout ${patience};
      limit_req zone=hashpool_requests burst=200 nodelay;
      limit_conn hashpool_connections 50;
      limit_req_status 429;
      limit_conn_status 429;
    '';
  };
in
{
  limits = ''
    limit_req_zone $binary_remote_addr zone=hashpool_requests:10m rate=50r/s;
    limit_conn_zone $binary_remote_addr zone=hashpool_connections:10m;
    map $http_upgrade $hashpool_connection {
      default upgrade;
      "" "";
    }
  '';

  virtualHost = {
    extraConfig = ''
      add_header Strict-Transport-Security "max-age=31536000" always;
      add_header X-Content-Type-Options nosniff always;
      add_header X-Frame-Options DENY always;
      add_header Referrer-Policy no-referrer always;
      server_tokens off;
    '';
    locations = {
      "/v1/" = proxy "75s" // {
        proxyPass = "http://127.0.0.1:${toString mintPort}";
      };
      "/" = proxy "75s" // {
        proxyPass = dashboard;
      };
      # The live feed, which may be silent for a while; nginx gathers none of it (X-Accel-Buffering).
      "= /ws" = proxy "1h" // {
        proxyPass = dashboard;
      };
      "= /api/live" = proxy "1h" // {
        proxyPass = dashboard;
      };
      # Figures are for Prometheus on this machine.
      "= /metrics".extraConfig = "return 404;";
    };
  };
}
