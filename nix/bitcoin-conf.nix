# bitcoin.conf of a node on a server: the project's file for the network, the hashed password that the roles' RPC user
# has, and what that user may ask. Builtins alone.
{
  network,
  # Lines of the operator's own.
  extra ? "",
  table ? (import ./roles.nix { }).checked,
}:
let
  inherit (builtins)
    attrValues
    concatMap
    concatStringsSep
    map
    match
    readFile
    ;

  # What credentials of RPC users publish: hashed passwords, and what a user may ask who is not the roles'.
  published = concatMap (
    credential: if match "rpc-.*" credential.kind != null then [ credential.publishes ] else [ ]
  ) (attrValues table.credential);

  # What template provider, mint and jd-server ask, and `hashpool-doctor`; tests/nixos/files.test.ts reads the sources.
  asked = [
    "createwallet"
    "decoderawtransaction"
    "decodescript"
    "estimatesmartfee"
    "finalizepsbt"
    "getaddressinfo"
    "getbalances"
    "getbestblockhash"
    "getblock"
    "getblockchaininfo"
    "getblockhash"
    "getblockheader"
    "getblocktemplate"
    "getchaintips"
    "getdescriptorinfo"
    "getmempoolinfo"
    "getnetworkinfo"
    "getnewaddress"
    "getrawchangeaddress"
    "getrawmempool"
    "getrawtransaction"
    "gettransaction"
    "gettxout"
    "getwalletinfo"
    "listlockunspent"
    "listsinceblock"
    "listunspent"
    "loadwallet"
    "lockunspent"
    "sendrawtransaction"
    "submitblock"
    "walletcreatefundedpsbt"
    "walletprocesspsbt"
  ];
  # `hashpool-generate-blocks`, on a chain for trials.
  trial = if network == "regtest" then [ "generatetodescriptor" ] else [ ];
in
''
  ${concatStringsSep "\n" (map (file: "includeconf=/var/lib/hashpool/public/${file}") published)}
  rpcwhitelist=hashpool:${concatStringsSep "," (asked ++ trial)}
  rpcwhitelistdefault=0
  ${extra}
''
+ readFile (../config + "/${network}/bitcoin.conf")
