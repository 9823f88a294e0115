# Prometheus with our rules; Grafana and Alertmanager where wished.
{ config, lib, ... }:
let
  inherit (lib) mkEnableOption mkIf mkOption types;
  cfg = config.services.hashpool;
  front = import ../front.nix { inherit (cfg) sides; };
  exporters = config.services.prometheus.exporters;
  local = port: [ { targets = [ "127.0.0.1:${toString port}" ]; } ];
in
{
  options.services.hashpool.monitoring = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether Prometheus watches this host, on 127.0.0.1:9090.";
    };
    grafana = mkEnableOption "Grafana on 127.0.0.1:3000, with Prometheus as its source";
    alertmanager = {
      enable = mkEnableOption "Alertmanager on 127.0.0.1:9093";
      configuration = mkOption {
        type = types.attrs;
        default = { };
        description = "Alertmanager's own configuration: who is told of what.";
      };
    };
  };

  config = mkIf (cfg.sides != [ ] && cfg.monitoring.enable) {
    services.prometheus = {
      enable = true;
      listenAddress = "127.0.0.1";
      inherit (front.prometheus) port;
      retentionTime = "90d";
      scrapeConfigs = front.prometheus.scrapeConfigs ++ [
        {
          job_name = "node";
          static_configs = local exporters.node.port;
        }
        {
          job_name = "nginx";
          static_configs = local exporters.nginx.port;
        }
      ];
      inherit (front.prometheus) ruleFiles;
      exporters.node = {
        enable = true;
        listenAddress = "127.0.0.1";
        enabledCollectors = [ "systemd" ];
      };
      exporters.nginx = {
        enable = true;
        listenAddress = "127.0.0.1";
      };
      alertmanagers = mkIf cfg.monitoring.alertmanager.enable [ { static_configs = local 9093; } ];
      alertmanager = mkIf cfg.monitoring.alertmanager.enable {
        enable = true;
        listenAddress = "127.0.0.1";
        inherit (cfg.monitoring.alertmanager) configuration;
      };
    };

    services.grafana = mkIf cfg.monitoring.grafana {
      enable = true;
      settings.server = {
        http_addr = "127.0.0.1";
        http_port = 3000;
      };
      settings.analytics.reporting_enabled = false;
      provision = {
        enable = true;
        datasources.settings.datasources = [
          {
            name = "Prometheus";
            type = "prometheus";
            url = "http://127.0.0.1:${toString front.prometheus.port}";
            isDefault = true;
          }
        ];
        dashboards.settings.providers = [
          {
            name = "hashpool";
            options.path = ../../config/grafana;
          }
        ];
      };
    };
  };
}
