# What the application consists of when it runs: the package copies these, and tests/systemd boots them.
builtins.filter (name: builtins.pathExists (../. + "/${name}")) [
  "commands"
  "config"
  "domain"
  "nix/roles.toml"
  "package.json"
  "protocols"
  "roles"
  "runtime"
  "services"
  "vendor"
  "web"
]
