# All packages, by name.
{ pkgs }:
let
  call = file: pkgs.callPackage file { };
  hashpool = call ./hashpool.nix;
  table = (import ../roles.nix { }).checked;
  # A package of one program: hashpool-pool, hashpool-mint ...
  single =
    name:
    pkgs.runCommand "hashpool-${name}" { meta.mainProgram = "hashpool-${name}"; } ''
      mkdir -p $out/bin
      ln -s ${hashpool}/bin/hashpool-${name} $out/bin/
    '';
  programs = [
    "serverd"
    "clientd"
    "doctor"
  ]
  ++ map (role: role.name) (builtins.filter (role: role.command != "bitcoind") table.roles);
in
{
  inherit hashpool;
  bitcoin-core = call ./bitcoin-core.nix;
  sv2-tp = call ./sv2-tp.nix;
}
// builtins.listToAttrs (
  map (name: {
    name = "hashpool-${name}";
    value = single name;
  }) programs
)
