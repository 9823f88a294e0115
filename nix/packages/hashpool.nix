# The application: Node runs its sources as they are. A wrapper for each role and each command.
{
  lib,
  stdenvNoCC,
  callPackage,
  makeWrapper,
  nodejs-slim_24,
  bitcoind,
}:
let
  node-modules = callPackage ./node-modules.nix { };
  table = (import ../roles.nix { }).checked;
  # The miner for trials is a command.
  roles = builtins.filter (role: lib.hasSuffix ".ts" role.command && !role.trial) table.roles;
  commands = map (lib.removeSuffix ".ts") (
    builtins.filter (lib.hasSuffix ".ts") (builtins.attrNames (builtins.readDir ../../commands))
  );
  wrap = name: entry: ''
    makeWrapper ${lib.getExe nodejs-slim_24} $out/bin/hashpool-${name} --add-flags $out/lib/hashpool/${entry} \
      --suffix PATH : ${lib.makeBinPath [ bitcoind ]}
  '';
in
stdenvNoCC.mkDerivation {
  pname = "hashpool";
  version = (lib.importJSON ../../package.json).version;
  src = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions (map (name: ../.. + "/${name}") (import ../sources.nix));
  };
  nativeBuildInputs = [ makeWrapper ];
  dontConfigure = true;
  dontBuild = true;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib $out/bin
    cp -r . $out/lib/hashpool
    ln -s ${node-modules}/node_modules $out/lib/hashpool/node_modules
    ${lib.concatMapStrings (role: wrap role.name role.command) roles}
    ${lib.concatMapStrings (name: wrap name "commands/${name}.ts") commands}
    runHook postInstall
  '';
  passthru = { inherit node-modules; };
  meta = {
    description = "A Bitcoin mining pool that pays every share in ecash";
    license = lib.licenses.mit;
    mainProgram = "hashpool-start";
    platforms = lib.platforms.linux;
  };
}
