/** What a password may ask for, where rented hash can set nothing else: `x,d=1024`, `fd=0.5`. */
export interface PasswordOptions {
  /** `d=`: begin here and never give an easier difficulty. */
  readonly difficulty: number | undefined;
  /** `fd=`: stay here, whatever the shares say. */
  readonly fixedDifficulty: number | undefined;
  /** Options whose value is none, as they came, cut to what can be shown. */
  readonly bad: readonly string[];
}

const MAX_SHOWN = 24;
/** Options in one password; what follows is not looked at. */
const MAX_OPTIONS = 16;

/**
 * Reads `key=value` pairs, apart by commas, semicolons or spaces. Keys that nobody knows are let be, since passwords
 * were never read before; so is whatever has no `=`.
 */
export function parsePassword(password: string): PasswordOptions {
  const bad: string[] = [];
  let difficulty: number | undefined;
  let fixedDifficulty: number | undefined;
  for (const option of password.split(/[,; ]+/, MAX_OPTIONS)) {
    const [, key, text = ''] = /^(d|fd)=(.*)$/i.exec(option) ?? [];
    if (key === undefined) continue;
    const value = positive(text);
    if (value === undefined) bad.push(option.slice(0, MAX_SHOWN));
    else if (key.toLowerCase() === 'd') difficulty = value;
    else fixedDifficulty = value;
  }
  return { difficulty, fixedDifficulty, bad };
}

function positive(text: string): number | undefined {
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
