# services.hashpool: one module per concern, each building on those above it.
{
  imports = [
    ./options.nix
    ./job-declaration.nix
    ./settings.nix
    ./node.nix
    ./units.nix
    ./assertions.nix
    ./ports.nix
    ./nginx.nix
    ./monitoring.nix
    ./backup.nix
    ./tools.nix
  ];
}
