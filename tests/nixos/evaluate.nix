# A host evaluated with nixpkgs' library alone: our modules as they are, NixOS's own as stubs, packages as their names.
{
  # The folder of nixpkgs, or of its `lib`.
  nixpkgs,
  host,
}:
let
  lib = import (nixpkgs + "/lib");
  package = name: {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/${name}";
    meta.mainProgram = name;
  };
  pkgs = {
    inherit lib;
    callPackage = _: _: package "hashpool";
    runCommand = name: _: _: package name;
    writeShellScriptBin = name: text: package name // { inherit text; };
  }
  // lib.genAttrs [ "bitcoind" "coreutils" "sqlite" ] package
  // {
    nodejs-slim_24 = package "node";
  };
  evaluated = lib.evalModules {
    modules = [
      ../../nix/modules
      ./stub-options.nix
      host
      { _module.args = { inherit pkgs; }; }
    ];
  };
  inherit (evaluated) config;
in
{
  etc = lib.mapAttrs (_: file: file.text) config.environment.etc;
  failed = map (each: each.message) (lib.filter (each: !each.assertion) config.assertions);
  inherit (config) warnings;
  ports = config.networking.firewall.allowedTCPPorts;
  reserved = config.boot.kernel.sysctl."net.ipv4.ip_local_reserved_ports";
  units = lib.attrNames config.systemd.services;
  pool = (config.systemd.services.hashpool-pool or { }).serviceConfig or { };
  bitcoind = (config.systemd.services.bitcoind or { }).serviceConfig or { };
  translator = (config.systemd.services.hashpool-translator or { }).serviceConfig or { };
  provider = (config.systemd.services.hashpool-template-provider or { }).serviceConfig or { };
  timers = lib.attrNames config.systemd.timers;
  virtualHosts = lib.attrNames config.services.nginx.virtualHosts;
  scraped = map (each: each.job_name) config.services.prometheus.scrapeConfigs;
  users = lib.attrNames config.users.users;
  tmpfiles = config.systemd.tmpfiles.settings.hashpool;
  commands = map (each: each.name) config.environment.systemPackages;
}
