{
  description = "Hashpool: a Bitcoin mining pool that pays every share in ecash, as an appliance";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      packages = import ./nix/packages { inherit pkgs; };
      host =
        file:
        lib.nixosSystem {
          inherit system;
          modules = [
            self.nixosModules.default
            file
          ];
        };
      program = description: entry: {
        type = "app";
        program = lib.getExe' packages.hashpool entry;
        meta = { inherit description; };
      };
    in
    {
      lib.table = (import ./nix/roles.nix { }).checked;

      packages.${system} = packages // {
        default = packages.hashpool;
        regtest-vm = self.nixosConfigurations.hashpool-regtest.config.system.build.vm;
        regtest-iso = self.nixosConfigurations.hashpool-regtest.config.system.build.images.iso;
      };

      apps.${system} = {
        default = program "The whole appliance on a regtest chain of its own" "hashpool-start";
        demo = program "The whole appliance on a regtest chain of its own" "hashpool-start";
        doctor = program "Says what is wrong with a host, and what to do" "hashpool-doctor";
        serverd = program "The server side's roles in the foreground" "hashpool-serverd";
        clientd = program "The client side's roles in the foreground" "hashpool-clientd";
      };

      devShells.${system}.default = pkgs.mkShell {
        packages = [
          pkgs.bitcoind
          pkgs.nodejs_24
          pkgs.sqlite
        ];
      };

      nixosModules = {
        default = import ./nix/modules;
        hashpool = import ./nix/modules;
      };

      nixosConfigurations = {
        hashpool-poc = host ./hosts/poc.nix;
        hashpool-regtest = host ./hosts/regtest.nix;
      };

      checks.${system} = import ./tests/nixos { inherit pkgs self; };

      formatter.${system} = pkgs.nixfmt-tree;
    };
}
