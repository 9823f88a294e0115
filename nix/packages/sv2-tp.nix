# The template provider of Stratum V2's own project, next to a multiprocess Bitcoin Core.
{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
}:
stdenv.mkDerivation (finalAttrs: {
  pname = "sv2-tp";
  version = "1.1.1";
  src = fetchurl {
    url = "https://github.com/stratum-mining/sv2-tp/releases/download/v${finalAttrs.version}/sv2-tp-${finalAttrs.version}-x86_64-linux-gnu.tar.gz";
    hash = "sha256-QRFNPjN7YUfV+RcKFwn63XfYsOFro0QxUGT8VkN7SU8=";
  };
  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];
  dontBuild = true;
  installPhase = ''
    runHook preInstall
    install -D -m 755 bin/sv2-tp $out/bin/sv2-tp
    runHook postInstall
  '';
  meta = {
    description = "Stratum V2 template provider";
    homepage = "https://github.com/stratum-mining/sv2-tp";
    license = lib.licenses.mit;
    mainProgram = "sv2-tp";
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = [ "x86_64-linux" ];
  };
})
