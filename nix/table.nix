# The units of one host, made from the table of roles: attribute sets in the shape of NixOS's `systemd.services`, by
# full names. NixOS takes them as they are (nix/modules/units.nix); tests render them to text (nix/render.nix).
# Builtins alone.
{
  # Node's executable, the folder of the application, the node's executable and what else it is told.
  node,
  app,
  bitcoind ? "bitcoind",
  bitcoindArguments ? [ ],
  # Packages whose programs units find on their path; `noop` is a program that does nothing.
  path ? [ ],
  noop ? "/bin/true",
  network ? "regtest",
  sides ? [
    "server"
    "client"
  ],
  # Roles that something else runs, as the node may be nixpkgs' own.
  without ? [ ],
  # sv2-tp's executable, where it is the template provider: the node is then multiprocess Bitcoin Core.
  sv2tp ? null,
  # Groups that a role is a member of besides, by its name.
  groups ? { },
  # Where backups go, how many stay, and when: { to; keep; calendar; }; with hardening = "public" where the mint's
  # database is a server's.
  backup ? null,
  table ? (import ./roles.nix { }).checked,
}:
let
  inherit (builtins)
    concatMap
    elem
    filter
    listToAttrs
    map
    mapAttrs
    ;
  hardening = import ./hardening.nix;
  check = import ./check.nix;

  here = filter (role: !role.trial && elem role.side sides && !elem role.name without) table.roles;
  names = map (role: role.name) here;

  userOf = name: if name == "bitcoind" then name else "hashpool-${name}";
  unitOf = name: "${userOf name}.service";
  unitsOf = list: map unitOf (filter (name: elem name names) list);
  anchorOf = side: "hashpool-${side}.service";
  credentials = "hashpool-credentials.service";

  # Sockets of this host that a role listens on or connects to.
  socketsOf =
    name:
    filter (socket: table.socket.${socket}.owner == name || elem name table.socket.${socket}.readers) (
      builtins.attrNames table.socket
    );

  portOf =
    role: port:
    if role.name == "bitcoind" && port.name == "rpc" then table.network.${network}.rpc else port.number;

  command =
    role:
    if role.command == "bitcoind" then
      [
        bitcoind
        "-conf=/etc/hashpool/${role.config}"
        "-datadir=/var/lib/hashpool/${role.name}"
        "-rpcport=${toString table.network.${network}.rpc}"
        "\"-startupnotify=systemd-notify --ready\""
      ]
      ++ bitcoindArguments
    else
      [
        node
        "${app}/${role.command}"
        "-c /etc/hashpool/${role.config}"
      ]
      ++ (if role ? shared then [ "-g /etc/hashpool/${role.shared}" ] else [ ]);

  sv2 = if sv2tp == null then (units: units) else import ./sv2-tp-unit.nix { inherit app network node sv2tp table; };

  empty = {
    after = [ ];
    wants = [ ];
    requires = [ ];
    bindsTo = [ ];
    partOf = [ ];
    wantedBy = [ ];
    environment = { };
    unitConfig = { };
    inherit path;
  };

  # How a role runs that speaks systemd's protocol itself.
  alive =
    role:
    if role.command == "bitcoind" then
      {
        TimeoutStartSec = "30min";
        TimeoutStopSec = "10min";
      }
    else
      {
        TimeoutStartSec = "5min";
        TimeoutStopSec = "30s";
        WatchdogSec = "60s";
      };

  roleUnit =
    role:
    empty
    // {
      inherit (role) description;
      after = unitsOf role.after ++ [
        credentials
        "network-online.target"
      ];
      wants = unitsOf role.wants ++ [
        credentials
        "network-online.target"
      ];
      partOf = [ (anchorOf role.side) ];
      # It never gives up: peers, disks and nodes come back.
      unitConfig.StartLimitIntervalSec = 0;
      environment = {
        PUBLIC_DIRECTORY = "/var/lib/hashpool/public";
      }
      // (
        if role.command == "bitcoind" then
          { }
        else
          {
            NODE_OPTIONS = builtins.concatStringsSep " " (
              [ "--max-old-space-size=${toString (role.memory_mib * 3 / 4)}" ]
              ++ (
                if role.semi_space_mib == null then
                  [ ]
                else
                  [ "--max-semi-space-size=${toString role.semi_space_mib}" ]
              )
            );
          }
      );
      serviceConfig =
        hardening.classes.${role.hardening}
        // alive role
        // {
          Type = "notify";
          # systemd-notify(1) is a process of its own.
          NotifyAccess = "all";
          ExecStart = builtins.concatStringsSep " " (command role);
          User = userOf role.name;
          Group = "hashpool";
          Slice = "hashpool-${role.side}.slice";
          StateDirectory = "hashpool/${role.name}";
          StateDirectoryMode = "0700";
          LoadCredential = map (name: "${name}:/var/lib/hashpool/credentials/${name}") role.credentials;
          Restart = "always";
          RestartSec = "10s";
          RestartSteps = 5;
          RestartMaxDelaySec = "5min";
          # A config that can't be used does not get better by itself.
          RestartPreventExitStatus = 78;
          KillMode = "mixed";
          LimitNOFILE = 65536;
          TasksMax = 512;
          MemoryMax = "${toString role.memory_mib}M";
          SupplementaryGroups = map (name: "hashpool-${name}") (socketsOf role.name) ++ groups.${role.name} or [ ];
          ReadWritePaths = map (name: "/run/hashpool-${name}") (socketsOf role.name);
        }
        // (if role.reloads then { ExecReload = "/bin/sh -c 'kill -HUP $MAINPID'"; } else { });
    };

  # `systemctl start|stop|status hashpool-SIDE`: the roles of the side are part of it.
  anchor =
    side:
    let
      roles = map (role: unitOf role.name) (filter (role: role.side == side) here);
    in
    empty
    // {
      description = "Hashpool, the ${side} side";
      after = roles;
      wants = roles;
      wantedBy = [ "multi-user.target" ];
      serviceConfig = hardening.classes.offline // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = noop;
        DynamicUser = true;
        Slice = "hashpool-${side}.slice";
      };
    };

  # Root's, with no capability: all that it writes is root's own.
  credentialsUnit = empty // {
    description = "Keys of Hashpool's roles, made where missing";
    serviceConfig = hardening.classes.offline // {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = builtins.concatStringsSep " " (
        [
          node
          "${app}/commands/credentials.ts"
          "--state /var/lib/hashpool"
        ]
        ++ map (side: "--side ${side}") sides
      );
      StateDirectory = "hashpool";
      StateDirectoryMode = "0755";
    };
  };

  hereSockets = listToAttrs (
    map (name: {
      inherit name;
      value = table.socket.${name};
    }) (filter (name: elem table.socket.${name}.owner names) (builtins.attrNames table.socket))
  );

  # Root's too: it reads each role's databases, and leaves what it makes in their folders to their owners.
  backupUnit = empty // {
    description = "Backup of Hashpool's databases";
    after = [ credentials ];
    serviceConfig =
      removeAttrs hardening.classes.${backup.hardening or "offline"} [
        "PrivateUsers"
        "SecureBits"
      ]
      // {
        Type = "oneshot";
        ExecStart = builtins.concatStringsSep " " [
          node
          "${app}/commands/backup.ts"
          "--state /var/lib/hashpool"
          "--to ${backup.to}"
          "--keep ${toString backup.keep}"
        ];
        CapabilityBoundingSet = "CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER";
        ReadWritePaths = [
          "/var/lib/hashpool"
          backup.to
        ];
        Nice = 10;
      };
  };
  backups =
    if backup == null then
      { }
    else
      {
        "hashpool-backup.service" = backupUnit;
      };

  named = map (each: {
    name = unitOf each.name;
    value = roleUnit each;
  }) here;
  services =
    sv2 (listToAttrs named)
    // backups
    // listToAttrs (
      map (side: {
        name = anchorOf side;
        value = anchor side;
      }) sides
    )
    // {
      ${credentials} = credentialsUnit;
    };
  problems = check.units services;
in
{
  services =
    if problems == [ ] then
      services
    else
      throw "the units contradict each other: ${builtins.concatStringsSep "; " problems}";
  timers =
    if backup == null then
      { }
    else
      {
        "hashpool-backup.timer" = {
          description = "Backups of Hashpool's databases";
          wantedBy = [ "timers.target" ];
          timerConfig = {
            OnCalendar = backup.calendar;
            RandomizedDelaySec = "10min";
            Persistent = true;
          };
        };
      };
  slices = map (side: "hashpool-${side}.slice") sides;
  users = map userOf names;
  groups = [ "hashpool" ] ++ map (name: "hashpool-${name}") (builtins.attrNames table.socket);
  # Folders of the sockets: the group's, so that what is made in them is too.
  sockets = mapAttrs (name: socket: {
    folder = "/run/hashpool-${name}";
    owner = userOf socket.owner;
    group = "hashpool-${name}";
  }) hereSockets;
  ports = concatMap (
    role:
    map (port: {
      role = role.name;
      inherit (role) side;
      inherit (port) name listen;
      key = port.key or null;
      number = portOf role port;
    }) role.ports
  ) here;
}
