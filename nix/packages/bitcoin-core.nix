# Bitcoin Core as its project releases it, with the multiprocess node whose socket sv2-tp speaks to. Which version goes
# with which sv2-tp matters: Core 31 changed the interface, and sv2-tp 1.1 needs it.
{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
}:
stdenv.mkDerivation (finalAttrs: {
  pname = "bitcoin-core";
  version = "31.1";
  src = fetchurl {
    url = "https://bitcoincore.org/bin/bitcoin-core-${finalAttrs.version}/bitcoin-${finalAttrs.version}-x86_64-linux-gnu.tar.gz";
    hash = "sha256-uA2cPgTaePtvBWloVnNBjPaG+tupBC2SbRP7h/9QP54=";
  };
  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];
  dontBuild = true;
  # `bitcoin` finds the node by its place next to it.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/libexec
    install -m 755 bin/bitcoin bin/bitcoin-cli $out/bin/
    install -m 755 libexec/bitcoin-node $out/libexec/
    runHook postInstall
  '';
  meta = {
    description = "Multiprocess Bitcoin Core";
    homepage = "https://bitcoincore.org";
    license = lib.licenses.mit;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = [ "x86_64-linux" ];
  };
})
