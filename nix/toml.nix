# A value as TOML, with builtins alone: what NixOS puts into /etc/hashpool.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    isAttrs
    isList
    map
    toJSON
    ;

  key = name: if builtins.match "[A-Za-z0-9_-]+" name != null then name else toJSON name;

  inline =
    value:
    if isAttrs value then
      "{ ${concatStringsSep ", " (map (name: "${key name} = ${inline value.${name}}") (attrNames value))} }"
    else if isList value then
      "[${concatStringsSep ", " (map inline value)}]"
    else
      # Strings, integers and booleans are written in TOML as in JSON.
      toJSON value;

  lines = value: names: map (name: "${key name} = ${inline value.${name}}") names;
in
value:
let
  isSection = name: isAttrs value.${name};
  sections = filter isSection (attrNames value);
  section = name: concatStringsSep "\n" ([ "" "[${key name}]" ] ++ lines value.${name} (attrNames value.${name}));
in
concatStringsSep "\n" (
  lines value (filter (name: !isSection name) (attrNames value)) ++ map section sections ++ [ "" ]
)
