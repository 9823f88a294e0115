# Units as text, the way systemd reads them. NixOS does this itself; tests and hosts without Nix have this.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    filter
    isBool
    isList
    map
    ;

  value =
    x:
    if isBool x then
      (if x then "true" else "false")
    else
      toString x;

  # A list is a line for each of its items.
  lines =
    section:
    concatMap (
      key:
      let
        x = section.${key};
      in
      if isList x then map (item: "${key}=${value item}") x else [ "${key}=${value x}" ]
    ) (attrNames section);

  words = key: list: if list == [ ] then [ ] else [ "${key}=${concatStringsSep " " list}" ];

  environment =
    unit:
    let
      all =
        unit.environment
        // (if unit.path == [ ] then { } else { PATH = concatStringsSep ":" (map (each: "${each}/bin") unit.path); });
    in
    map (name: ''Environment="${name}=${all.${name}}"'') (attrNames all);

  section =
    name: body:
    if body == [ ] then
      ""
    else
      concatStringsSep "\n" (
        [ "[${name}]" ]
        ++ body
        ++ [
          ""
          ""
        ]
      );
in
{
  service =
    unit:
    concatStringsSep "" [
      (section "Unit" (concatLists [
        [ "Description=${unit.description}" ]
        (words "After" unit.after)
        (words "Wants" unit.wants)
        (words "Requires" unit.requires)
        (words "BindsTo" unit.bindsTo)
        (words "PartOf" unit.partOf)
        (lines unit.unitConfig)
      ]))
      (section "Service" (environment unit ++ lines unit.serviceConfig))
      (section "Install" (words "WantedBy" unit.wantedBy))
    ];

  timer =
    unit:
    concatStringsSep "" [
      (section "Unit" [ "Description=${unit.description}" ])
      (section "Timer" (lines unit.timerConfig))
      (section "Install" (words "WantedBy" unit.wantedBy))
    ];

  # nginx's own form of a virtual host as nix/front.nix has them.
  virtualHost =
    host:
    concatStringsSep "\n" (
      [ "server {" ]
      ++ map (each: "  listen ${each.addr}:${toString each.port};") host.listen
      ++ [ host.extraConfig ]
      ++ concatMap (
        path:
        let
          location = host.locations.${path};
        in
        filter (line: line != "") [
          "  location ${path} {"
          (if location ? proxyPass then "    proxy_pass ${location.proxyPass};" else "")
          (location.extraConfig or "")
          "  }"
        ]
      ) (attrNames host.locations)
      ++ [
        "}"
        ""
      ]
    );
}
