# What every unit may do, in one place. A class says whom a role may talk to; the settings are those that Node runs
# with: V8 makes code at run time, so MemoryDenyWriteExecute can't be among them.
let
  base = {
    UMask = "0077";
    LimitCORE = 0;
    NoNewPrivileges = true;
    CapabilityBoundingSet = "";
    AmbientCapabilities = "";
    SecureBits = "noroot-locked";
    ProtectSystem = "strict";
    ProtectHome = true;
    PrivateTmp = true;
    PrivateDevices = true;
    DevicePolicy = "closed";
    PrivateMounts = true;
    PrivateIPC = true;
    PrivateUsers = true;
    ProtectProc = "invisible";
    ProcSubset = "pid";
    RemoveIPC = true;
    KeyringMode = "private";
    ProtectKernelTunables = true;
    ProtectKernelModules = true;
    ProtectKernelLogs = true;
    ProtectControlGroups = true;
    ProtectClock = true;
    ProtectHostname = true;
    LockPersonality = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    # @pkey: V8 protects its code by memory keys where the processor has them.
    SystemCallFilter = [
      "@system-service"
      "@pkey"
      "~@privileged @resources @mount @debug @cpu-emulation @obsolete @keyring"
    ];
    SystemCallErrorNumber = "EPERM";
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_UNIX"
    ];
  };
  machineOnly = {
    IPAddressDeny = "any";
    IPAddressAllow = "localhost";
  };
in
{
  inherit base;
  classes = {
    loopback = base // machineOnly;
    # Clients come from anywhere, and an upstream may be a name, whose addresses nobody knows beforehand.
    public = base;
    # Not Node: memory that can be written is never run. ZeroMQ sets the scheduling of its threads, if only to what it is,
    # asks the kernel for the names of its interfaces, and ends the process where it may not.
    node = base // {
      MemoryDenyWriteExecute = true;
      SystemCallFilter = base.SystemCallFilter ++ [ "sched_setscheduler" ];
      RestrictAddressFamilies = base.RestrictAddressFamilies ++ [ "AF_NETLINK" ];
    };
    # What touches files alone.
    offline = base // {
      PrivateNetwork = true;
      RestrictAddressFamilies = [ "AF_UNIX" ];
      IPAddressDeny = "any";
    };
  };
}
