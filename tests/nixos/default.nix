# NixOS tests: `nix flake check`, or one by `nix build .#checks.x86_64-linux.appliance`. `machines = "containers"` runs them
# by systemd-nspawn where there is no KVM (the daemon then needs auto-allocate-uids and the feature uid-range).
{
  pkgs,
  self,
  machines ? "nodes",
}:
let
  run =
    file:
    pkgs.testers.runNixOSTest (
      import file {
        inherit machines;
        module = self.nixosModules.default;
      }
    );
  pure = import ./pure.nix { inherit pkgs; };
in
{
  appliance = run ./appliance.nix;
  two-machines = run ./two-machines.nix;
  rollback = run ./rollback.nix;
}
// pure
