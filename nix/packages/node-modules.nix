# The dependencies that run, as one folder. Lockfiles here name no download addresses, which nixpkgs' helpers for npm
# need; so npm itself fetches them, from wherever it does, and the hash of the outcome is fixed. Each tarball's own hash
# is in package-lock.json, none of them is built or differs by platform, and CI proves that the hash below is what the
# lockfile comes to (`npm run nix:hash`).
{
  lib,
  stdenvNoCC,
  cacert,
  nodejs_24,
}:
stdenvNoCC.mkDerivation {
  name = "hashpool-node-modules";
  src = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions [
      ../../.npmrc
      ../../package.json
      ../../package-lock.json
    ];
  };
  nativeBuildInputs = [
    cacert
    nodejs_24
  ];
  dontConfigure = true;
  # Nothing of the outcome may name a path of the store.
  dontFixup = true;
  buildPhase = ''
    runHook preBuild
    HOME=$TMPDIR npm ci --ignore-scripts --omit=dev --no-audit --no-fund
    rm node_modules/.package-lock.json
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    mkdir $out
    mv node_modules $out/
    runHook postInstall
  '';
  impureEnvVars = lib.fetchers.proxyImpureEnvVars;
  outputHashMode = "recursive";
  outputHash = lib.fileContents ./node-modules.hash;
}
