# The generation before is one command away, and keeps the state.
{ machines, module }:
{
  name = "hashpool-rollback";

  ${machines}.host =
    { lib, ... }:
    {
      imports = [
        module
        ../../hosts/regtest.nix
      ];
      specialisation.changed.configuration.services.hashpool.settings.mint.mint_info.name = lib.mkForce "changed";
    };

  testScript = ''
    def name():
        return host.succeed("curl --fail http://127.0.0.1:3338/v1/info")


    host.wait_for_unit("hashpool-mint.service")
    host.wait_for_open_port(3338)
    keys = host.succeed("sha256sum /var/lib/hashpool/credentials/*")
    before = host.succeed("readlink /run/current-system").strip()
    host.succeed(f"{before}/specialisation/changed/bin/switch-to-configuration test")
    host.wait_for_open_port(3338)
    assert '"name":"changed"' in name()
    host.succeed(f"{before}/bin/switch-to-configuration test")
    host.wait_for_open_port(3338)
    assert '"name":"changed"' not in name()
    assert keys == host.succeed("sha256sum /var/lib/hashpool/credentials/*")
  '';
}
