# Server and client on two machines: the client knows the pool by the key that its operator was told.
{ machines, module }:
{
  name = "hashpool-two-machines";

  ${machines} = {
    server = {
      imports = [ module ];
      services.hashpool = {
        network = "regtest";
        server = {
          enable = true;
          openFirewall = true;
          publicMint = true;
          hostName = "server";
        };
      };
    };
    client = {
      imports = [ module ];
      services.hashpool = {
        network = "regtest";
        client = {
          enable = true;
          pool = {
            address = "server";
            authorityKey = "file:/var/lib/hashpool/public/pool-authority.pub";
            mintUrl = "http://server";
          };
        };
      };
    };
  };

  testScript = ''
    start_all()
    server.wait_for_unit("hashpool-pool.service")
    key = server.succeed("cat /var/lib/hashpool/public/pool-authority.pub").strip()
    client.wait_for_unit("hashpool-credentials.service")
    client.succeed(f"echo {key} > /var/lib/hashpool/public/pool-authority.pub")
    client.succeed("systemctl restart hashpool-translator")
    client.wait_for_unit("hashpool-translator.service")
    client.wait_until_succeeds("systemctl show -P StatusText hashpool-translator | grep -v 'not connected'")
    server.wait_until_succeeds("journalctl -u hashpool-pool | grep 'channel is open'")

    with subtest("each side has its own keys alone"):
        client.fail("test -e /var/lib/hashpool/credentials/mint-seed")
        server.fail("test -e /var/lib/hashpool/credentials/wallet-mnemonic")

    with subtest("the mint is reached through nginx, and by nothing else"):
        client.succeed("curl --fail http://server/v1/info")
        client.fail("curl --max-time 3 http://server:3338/v1/info")
  '';
}
