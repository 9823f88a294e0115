# A whole appliance on one machine, and another that looks at it from outside.
{ machines, module }:
{
  name = "hashpool-appliance";

  ${machines} = {
    host = {
      imports = [
        module
        ../../hosts/regtest.nix
      ];
      # Miners choose their own blocks: the longest way that a share can take.
      services.hashpool.server.jobDeclaration.enable = true;
      services.hashpool.client.jobDeclaration.enable = true;
    };
    outside =
      { pkgs, ... }:
      {
        environment.systemPackages = [
          pkgs.curl
          pkgs.netcat
        ];
      };
  };

  testScript = ''
    import json

    state = "/var/lib/hashpool"
    roles = ["template-provider", "mint", "pool", "jd-server", "jd-client", "translator"]
    units = ["bitcoind"] + [f"hashpool-{role}" for role in roles]


    def holds():
        answer = json.loads(host.succeed("hashpool-wallet balance --json"))
        return sum(int(each["amount"]) for each in answer["balance"])


    def wait_for_tokens(more_than):
        host.wait_until_succeeds(
            "hashpool-wallet balance --json | grep -E '\"amount\":\"?[1-9]'", timeout=300
        )
        assert holds() >= more_than


    start_all()

    with subtest("all services start and stay"):
        for unit in units + ["hashpool-server", "hashpool-client", "nginx", "prometheus"]:
            host.wait_for_unit(f"{unit}.service")
        for unit in units:
            assert host.succeed(f"systemctl show -P NRestarts {unit}").strip() == "0"

    with subtest("health: 200 when all works, an honest 503 when it does not"):
        for port in (8081, 8082):
            host.wait_until_succeeds(f"curl --fail http://127.0.0.1:{port}/health", timeout=120)
        host.succeed("systemctl stop hashpool-mint")
        host.wait_until_succeeds(
            "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8081/health | grep 503"
        )
        host.succeed("systemctl start hashpool-mint")
        host.wait_until_succeeds("curl --fail http://127.0.0.1:8081/health", timeout=120)
        # The jd-server is the server's own; without it the client's miners mine for nobody.
        host.succeed("systemctl stop hashpool-jd-server")
        for port in (8081, 8082):
            host.wait_until_succeeds(
                f"curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{port}/health | grep 503",
                timeout=180,
            )
        host.succeed("systemctl start hashpool-jd-server")
        for port in (8081, 8082):
            host.wait_until_succeeds(f"curl --fail http://127.0.0.1:{port}/health", timeout=180)

    with subtest("a miner mines, a token is minted and swapped"):
        wait_for_tokens(1)
        token = host.succeed("hashpool-wallet send 1").strip().split("\n")[-1]
        host.succeed(f"hashpool-wallet receive '{token}'")

    with subtest("from outside only the ports of the table are open"):
        outside.wait_until_succeeds("nc -z -w 2 host 34255")
        for closed in (18443, 28332, 8442, 3338, 34260, 34254, 34256, 34265, 8080, 8081, 8082, 8083, 9090, 9100):
            outside.fail(f"nc -z -w 2 host {closed}")

    with subtest("nobody else reads a secret, and none is in the store"):
        for secret in host.succeed(f"ls {state}/credentials").split():
            host.fail(f"runuser -u nobody -- cat {state}/credentials/{secret}")
            host.fail(f"runuser -u hashpool-pool -- cat {state}/credentials/{secret}")
        host.succeed(f"cut -d: -f2 {state}/credentials/bitcoin-rpc > /tmp/secret")
        host.fail("grep -rqF -f /tmp/secret /etc/hashpool/ /run/current-system/etc/")

    with subtest("a crash keeps the sums, and so does a reboot"):
        before = holds()
        killed = " ".join(
            f"hashpool-{role}"
            for role in ["mint", "pool", "jd-server", "jd-client", "translator"]
        )
        host.succeed(f"systemctl kill --signal=KILL {killed}")
        for unit in units:
            host.wait_for_unit(f"{unit}.service")
        wait_for_tokens(before)
        host.crash()
        host.start()
        for unit in units:
            host.wait_for_unit(f"{unit}.service")
        host.succeed("systemctl stop trial-miner hashpool-client hashpool-server")
        host.wait_until_fails("systemctl is-active hashpool-mint")
        host.wait_until_fails("systemctl is-active hashpool-pool")
        host.succeed("hashpool-audit")

    with subtest("a backup is made, and restores"):
        host.succeed("systemctl start hashpool-backup")
        host.succeed(f"mv {state}/mint/mint.sqlite /tmp/lost; rm -f {state}/mint/mint.sqlite-*")
        backup = host.succeed("ls /var/backup/hashpool/*.tar | tail -1").strip()
        host.succeed(f"hashpool-restore {backup} --role mint")
        host.succeed("hashpool-audit")
        host.succeed(f"chown -R hashpool-mint:hashpool {state}/mint")
        host.succeed("systemctl start hashpool-server hashpool-client")
        for unit in units:
            host.wait_for_unit(f"{unit}.service")
  '';
}
