# Types of NixOS options from the schemas of the config files (nix/settings.json), so that a key that is misspelt or out
# of range is an error where the host is evaluated.
{ lib }:
let
  inherit (lib) types;

  # What std::regex understands of a pattern; the role itself checks the rest at its start.
  isPosix = pattern: !lib.hasInfix "\\s" pattern && !lib.hasInfix "(?" pattern;

  text =
    schema:
    if schema ? pattern && isPosix schema.pattern then
      types.strMatching (lib.replaceStrings [ "\\]" ] [ "]" ] schema.pattern)
    else if (schema.minLength or 0) > 0 then
      types.nonEmptyStr
    else
      types.str;

  typeOf =
    schema:
    if schema ? enum then
      types.enum schema.enum
    else
      {
        object = types.submodule { options = optionsOf schema; };
        array = types.listOf (typeOf schema.items);
        string = text schema;
        integer = types.ints.between schema.minimum schema.maximum;
        boolean = types.bool;
      }
      .${schema.type};

  option =
    required: name: schema:
    lib.mkOption (
      {
        description = schema.description or "The table `${name}`.";
      }
      // (
        if schema.type or "" == "object" && required then
          {
            type = typeOf schema;
            default = { };
          }
        else if required && !schema ? default then
          { type = typeOf schema; }
        else
          {
            # Left out, the role's own default counts.
            type = types.nullOr (typeOf schema);
            default = null;
          }
      )
    );

  optionsOf =
    schema:
    lib.mapAttrs (name: option (lib.elem name (schema.required or [ ])) name) schema.properties;
in
{
  # An option for a whole config file.
  file = typeOf;
  # What is said, without what is left out.
  said =
    let
      clean =
        value:
        if lib.isAttrs value then
          lib.filterAttrs (_: each: each != null) (lib.mapAttrs (_: clean) value)
        else if lib.isList value then
          map clean value
        else
          value;
    in
    clean;
}
