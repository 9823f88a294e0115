# Rules that the table of roles and the units made from it must keep; each gives a list of troubles in words.
let
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatStringsSep
    elem
    filter
    foldl'
    hasAttr
    listToAttrs
    map
    mapAttrs
    removeAttrs
    ;

  # What stands more than once in a list, once each.
  repeated =
    list:
    (foldl'
      (
        { seen, twice }:
        item: {
          seen = seen ++ [ item ];
          twice = if elem item seen && !elem item twice then twice ++ [ item ] else twice;
        }
      )
      {
        seen = [ ];
        twice = [ ];
      }
      list
    ).twice;

  owners =
    number: ports:
    concatStringsSep " and " (map (port: port.owner) (filter (port: port.number == number) ports));

  # Names that nobody has, among those that `name` names.
  unknownIn =
    known: what:
    { name, named }:
    map (other: "${what} ${name}: there is no ${other}") (filter (other: !elem other known) named);

  # Takes out, again and again, what waits for nothing that is left; what stays waits for itself.
  cycles =
    graph:
    let
      isFree = name: filter (other: hasAttr other graph) graph.${name} == [ ];
      free = filter isFree (attrNames graph);
    in
    if graph == { } then
      [ ]
    else if free == [ ] then
      [ "a circle in the order of start: ${concatStringsSep ", " (attrNames graph)}" ]
    else
      cycles (removeAttrs graph free);

  # Units by their full names, as nix/table.nix makes them. Targets and systemd's own units are taken as there.
  units =
    all:
    let
      isOurs = name: builtins.match "(hashpool|bitcoind).*" name != null;
      strangers = name: list: filter (other: isOurs other && !hasAttr other all) list;
      ofUnit =
        name: unit:
        concatLists [
          (map (other: "${name} names ${other}, which is no unit") (
            strangers name (unit.after ++ unit.wants ++ unit.requires ++ unit.bindsTo ++ unit.partOf)
          ))
          (map (other: "${name} requires ${other} and is not ordered after it") (
            filter (other: !elem other unit.after) (unit.requires ++ unit.bindsTo)
          ))
        ];
    in
    concatLists (attrValues (mapAttrs ofUnit all))
    ++ cycles (mapAttrs (_: unit: filter isOurs unit.after) all);
in
{
  inherit
    cycles
    owners
    repeated
    units
    unknownIn
    ;
}
