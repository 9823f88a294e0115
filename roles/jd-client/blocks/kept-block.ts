import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Declaration } from '../../../domain/job-declaration/own-job.ts';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import {
  type JobDeclarationMessage,
  jobDeclarationProtocol,
} from '../../../protocols/sv2/job-declaration.ts';
import type { FoundBlock } from '../../../services/template-client/found-block.ts';

export type Solution = Extract<JobDeclarationMessage, { name: 'PushSolution' }>;

/** What a jd-server is told of a found block, in full: on another connection it knows nothing of the job. */
export interface PushedBlock {
  /** The pool that the block pays, see {@link WorkTaker.name}. */
  readonly pool: string;
  /** Without its token, and without the ids of its transactions. */
  readonly declaration: Declaration;
  readonly solution: Solution;
}

/** A found block until the node is known to have it. */
export interface KeptBlock {
  readonly block: FoundBlock;
  /** Undefined where there is no jd-server that could put it together. */
  readonly pushed: PushedBlock | undefined;
  /** Whole and in block order; undefined until they are there. */
  readonly transactions: readonly Uint8Array[] | undefined;
}

const hex = Type.String({ pattern: '^([0-9a-f]{2})*$' });
const lineSchema = Type.Object({
  hash: hex,
  header: hex,
  template: Type.String({ pattern: '^[0-9]{1,20}$' }),
  coinbase: hex,
  pushed: Type.Optional(Type.Object({ pool: Type.String(), declaration: hex, solution: hex })),
  transactions: Type.Optional(Type.Array(hex)),
});

/** One line of JSON, bytes as hex, messages as the frames that they are sent in. */
export function lineOf({ block, pushed, transactions }: KeptBlock): string {
  const { hashLe, header, templateId, coinbaseTx } = block;
  const line: Static<typeof lineSchema> = {
    hash: toHex(hashLe),
    header: toHex(header),
    template: String(templateId),
    coinbase: toHex(coinbaseTx),
    ...(pushed && {
      pushed: {
        pool: pushed.pool,
        declaration: toHex(jobDeclarationProtocol.encode(pushed.declaration)),
        solution: toHex(jobDeclarationProtocol.encode(pushed.solution)),
      },
    }),
    ...(transactions && { transactions: transactions.map(toHex) }),
  };
  return `${JSON.stringify(line)}\n`;
}

/** @returns undefined for what is no line of ours: a crash can leave a torn one */
export function readLine(text: string): KeptBlock | undefined {
  try {
    const line: unknown = JSON.parse(text);
    if (!Value.Check(lineSchema, line)) return undefined;
    const { hash, header, template, coinbase, pushed, transactions } = line;
    return {
      block: {
        hashLe: fromHex(hash),
        header: fromHex(header),
        templateId: BigInt(template),
        coinbaseTx: fromHex(coinbase),
      },
      pushed: pushed && {
        pool: pushed.pool,
        declaration: decoded(pushed.declaration, 'DeclareMiningJob'),
        solution: decoded(pushed.solution, 'PushSolution'),
      },
      transactions: transactions?.map((each) => fromHex(each)),
    };
  } catch {
    return undefined;
  }
}

type Named<N> = Extract<JobDeclarationMessage, { name: N }>;

/** @throws Error where it is another message, or none */
function decoded<N extends JobDeclarationMessage['name']>(frame: string, name: N): Named<N> {
  const { message } = jobDeclarationProtocol.decode(fromHex(frame));
  const isNamed = (each: JobDeclarationMessage): each is Named<N> => each.name === name;
  if (!isNamed(message)) throw new TypeError(`${message.name} is not ${name}`);
  return message;
}
