# Stands for NixOS where only nixpkgs' library is at hand: the options that our modules set take anything, so that what
# they set can be looked at, and our own options are checked as ever. Bad names below these are found by a real nixpkgs.
{ lib, ... }:
let
  anything = lib.mkOption {
    type = lib.types.anything;
    default = { };
  };
in
{
  options = {
    assertions = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      default = [ ];
    };
    warnings = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
    };
    environment.etc = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule { freeformType = lib.types.anything; });
      default = { };
    };
    environment.systemPackages = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      default = [ ];
    };
    networking.firewall.allowedTCPPorts = lib.mkOption {
      type = lib.types.listOf lib.types.port;
      default = [ ];
      apply = list: lib.unique (lib.sort lib.lessThan list);
    };
    networking.firewall.enable = anything;
    networking.hostName = anything;
    systemd.package = lib.mkOption { default = "/systemd"; };
    systemd.services = anything;
    systemd.timers = anything;
    systemd.slices = anything;
    systemd.tmpfiles = anything;
    users = anything;
    services.bitcoind = anything;
    services.nginx = anything;
    services.prometheus = {
      exporters.node.port = lib.mkOption { default = 9100; };
      exporters.node.enable = anything;
      exporters.node.listenAddress = anything;
      exporters.node.enabledCollectors = anything;
      exporters.nginx.port = lib.mkOption { default = 9113; };
      exporters.nginx.enable = anything;
      exporters.nginx.listenAddress = anything;
    }
    // lib.genAttrs [ "enable" "listenAddress" "port" "retentionTime" "scrapeConfigs" "ruleFiles" "alertmanagers" "alertmanager" ] (_: anything);
    services.grafana = anything;
    services.openssh = anything;
    services.journald = anything;
    services.getty = anything;
    security = anything;
    nix = anything;
    boot = anything;
    fileSystems = anything;
    virtualisation = anything;
    system.stateVersion = anything;
  };
}
