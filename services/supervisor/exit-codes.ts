/** Exit codes with a meaning of their own, as BSD's sysexits name them. */
export const exitCodes = {
  /** EX_USAGE: the command line. */
  usage: 64,
  /** EX_OSFILE: a program that the role needs is not on the machine. */
  missingProgram: 72,
  /** EX_CONFIG: the config file. */
  config: 78,
} as const;

/** True for an exit that a restart would only repeat. */
export function isFinal(code: number | null): code is number {
  return code === exitCodes.config || code === exitCodes.missingProgram;
}
