# sv2-tp as the template provider, next to a multiprocess Bitcoin Core: changes two units of the table. Both speak over a
# unix socket of the node, in a folder of their group.
{
  app,
  network,
  node,
  sv2tp,
  table,
}:
units:
let
  provider = "hashpool-template-provider.service";
  socket = "/run/hashpool-node/node.sock";
  state = "/var/lib/hashpool/template-provider";
  port = (builtins.head (builtins.head (builtins.filter (role: role.name == "template-provider") table.roles)).ports).number;
  chain = if network == "mainnet" then "main" else network;
  bitcoind = units."bitcoind.service";
  old = units.${provider};
in
units
// {
  "bitcoind.service" = bitcoind // {
    # Whoever starts the node again starts sv2-tp again.
    wants = bitcoind.wants ++ [ provider ];
    serviceConfig = bitcoind.serviceConfig // {
      ExecStart = "${bitcoind.serviceConfig.ExecStart} -ipcbind=unix:${socket}";
      # The socket is its group's: who may open the folder may ask.
      UMask = "0007";
    };
  };
  ${provider} = old // {
    description = "Template provider sv2-tp";
    # The node's socket is there before its chain is, and who asks then ends the node: so it is started after the node is
    # ready, and ends with it.
    bindsTo = [ "bitcoind.service" ];
    wants = builtins.filter (name: name != "bitcoind.service") old.wants;
    environment = { };
    serviceConfig =
      removeAttrs old.serviceConfig [
        "NotifyAccess"
        "WatchdogSec"
      ]
      // {
        Type = "exec";
        # It keeps its authority key in a file of its own form; ours is the one that peers know.
        ExecStartPre = "${node} ${app}/commands/sv2-tp-key.ts --to ${state} --network ${network}";
        ExecStart = builtins.concatStringsSep " " [
          sv2tp
          "-chain=${chain}"
          "-datadir=${state}"
          "-conf=0"
          "-ipcconnect=unix:${socket}"
          "-sv2bind=127.0.0.1"
          "-sv2port=${toString port}"
          "-templateinterval=20"
          "-debug=sv2"
        ];
      };
  };
}
