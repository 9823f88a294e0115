# bitcoin.conf of a node on a server: the project's file for the network, the hashed password that the roles' RPC user
# has, and what that user may ask. Builtins alone.
{
  network,
  # Lines of the operator's own.
  extra ? "",
}:
let
  inherit (builtins) concatStringsSep readFile;

  # What template provider and mint ask, and `hashpool-doctor`; tests/nixos/rpc-methods.test.ts reads the sources.
  asked = [
    "createwallet"
    "decoderawtransaction"
    "estimatesmartfee"
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
  includeconf=/var/lib/hashpool/public/bitcoin-rpcauth.conf
  includeconf=/var/lib/hashpool/public/bitcoin-rpcauth-look.conf
  rpcwhitelist=hashpool:${concatStringsSep "," (asked ++ trial)}
  rpcwhitelistdefault=0
  ${extra}
''
+ readFile (../config + "/${network}/bitcoin.conf")
