import { toHex } from '../../../protocols/bytes.ts';
import type { Signer } from '../signer/signer.ts';

/** Keys remembered; a channel's shares all have the same one. */
const MAX_KEYS = 20_000;

/** Whether locking keys are points, asked of the signer once for each key. */
export class KnownKeys {
  readonly #signer: Pick<Signer, 'arePoints'>;
  readonly #verdicts = new Map<string, boolean>();

  constructor(signer: Pick<Signer, 'arePoints'>) {
    this.#signer = signer;
  }

  /** For each key of 33 bytes whether anybody could sign for it. */
  async areGood(keys: readonly Uint8Array[]): Promise<boolean[]> {
    const names = keys.map(toHex);
    const asked = new Map(names.map((name, i) => [name, keys[i] ?? new Uint8Array()] as const));
    const verdicts = new Map<string, boolean>();
    for (const name of asked.keys()) {
      const verdict = this.#verdicts.get(name);
      if (verdict === undefined) continue;
      verdicts.set(name, verdict);
      asked.delete(name);
    }
    const results = asked.size > 0 ? await this.#signer.arePoints([...asked.values()]) : [];
    [...asked.keys()].forEach((name, i) => {
      verdicts.set(name, results[i] ?? false);
      this.#remember(name, results[i] ?? false);
    });
    return names.map((name) => verdicts.get(name) ?? false);
  }

  #remember(name: string, verdict: boolean): void {
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size >= MAX_KEYS && oldest !== undefined) this.#verdicts.delete(oldest);
    this.#verdicts.set(name, verdict);
  }
}
