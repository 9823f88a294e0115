# The table of roles and what is wrong with it, with builtins alone. `checked` is the table, or an error that
# names each trouble.
{
  toml ? ./roles.toml,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatMap
    elem
    filter
    fromTOML
    hasAttr
    listToAttrs
    map
    mapAttrs
    pathExists
    readFile
    ;
  check = import ./check.nix;

  raw = {
    network = { };
    socket = { };
    front = { };
    credential = { };
  }
  // fromTOML (readFile toml);
  roles = map (role: { trial = false; feature = null; reloads = false; semi_space_mib = null; } // role) raw.role;
  names = map (role: role.name) roles;

  # Who listens where, each with its number.
  ports = concatLists [
    (concatMap (role: map (port: port // { owner = role.name; }) role.ports) roles)
    (attrValues (
      mapAttrs (name: front: {
        owner = "front ${name}";
        inherit (front) number;
        listen = "loopback";
      }) raw.front
    ))
  ];

  problems = concatLists [
    (map (name: "role ${name} stands twice") (check.repeated names))
    (map (number: "port ${toString number} is taken by ${check.owners number ports}") (
      check.repeated (map (port: port.number) ports)
    ))
    (concatMap roleProblems roles)
    (concatMap (check.unknownIn names "socket") (
      attrValues (mapAttrs (name: socket: { inherit name; named = [ socket.owner ] ++ socket.readers; }) raw.socket)
    ))
    (map (file: "${file} is published twice") (
      check.repeated (concatMap (each: if each ? publishes then [ each.publishes ] else [ ]) (attrValues raw.credential))
    ))
    (check.cycles (listToAttrs (map (role: { inherit (role) name; value = role.after; }) roles)))
  ];

  roleProblems =
    role:
    concatLists [
      (check.unknownIn names "after of" { inherit (role) name; named = role.after; })
      (check.unknownIn names "wants of" { inherit (role) name; named = role.wants; })
      (map (other: "${role.name}: wants ${other} and is not ordered after it") (
        filter (other: !elem other role.after) role.wants
      ))
      (map (name: "${role.name}: credential ${name} is not in the table") (
        filter (name: !hasAttr name raw.credential) role.credentials
      ))
      (map (port: "${role.name}: port ${toString port.number} is open, and its hardening lets no client in") (
        filter (port: port.listen == "open" && role.hardening == "loopback") role.ports
      ))
      (if elem role.side sides then [ ] else [ "${role.name}: side ${role.side} is neither server nor client" ])
      (if role.feature == null || pathExists (../config + "/${role.feature}.toml") then [ ] else [ "${role.name}: there is no config/${role.feature}.toml for its feature" ])
      (if elem role.hardening classes then [ ] else [ "${role.name}: hardening ${role.hardening} is not known" ])
    ];

  sides = [
    "server"
    "client"
  ];
  classes = attrNames (import ./hardening.nix).classes;
in
rec {
  inherit roles problems sides;
  inherit (raw)
    network
    socket
    front
    credential
    ;
  checked =
    if problems == [ ] then
      {
        inherit roles sides;
        inherit (raw)
          network
          socket
          front
          credential
          ;
      }
    else
      throw "nix/roles.toml: ${builtins.concatStringsSep "; " problems}";
}
