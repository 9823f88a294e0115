# Checks that boot nothing: the table, and how exposed its units are.
{ pkgs }:
let
  table = import ../../nix/table.nix {
    node = "${pkgs.nodejs-slim_24}/bin/node";
    app = "/app";
    noop = "${pkgs.coreutils}/bin/true";
  };
  render = import ../../nix/render.nix;
  file = name: pkgs.writeText name (render.service table.services.${name});
  limit = port: if builtins.any (each: each.listen == "open") port then "15" else "13";
  score =
    name:
    let
      ports = builtins.filter (each: name == "hashpool-${each.role}.service") table.ports;
      allowed = if name == "bitcoind.service" then "15" else limit ports;
    in
    ''
      cp ${file name} ${name}
      systemd-analyze security --offline=true --threshold=${allowed} $PWD/${name}
    '';
in
{
  exposure = pkgs.runCommand "hashpool-exposure" { nativeBuildInputs = [ pkgs.systemd ]; } ''
    ${builtins.concatStringsSep "\n" (map score (builtins.attrNames table.services))}
    touch $out
  '';
}
