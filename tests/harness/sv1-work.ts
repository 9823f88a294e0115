import { hash } from 'node:crypto';

/** Parameters of `mining.notify` as they came over the wire. */
export interface Sv1Job {
  jobId: string;
  prevHash: string;
  coinbase1: string;
  coinbase2: string;
  merkleBranches: string[];
  version: string;
  nbits: string;
  ntime: string;
  cleanJobs: boolean;
}

/** What a share is built from: the job, the connection's extranonce1, and what the miner chose. */
export interface Sv1Roll {
  extranonce1: string;
  extranonce2: string;
  ntime: string;
  nonce: number;
  /** The whole version of the header. */
  version: number;
}

export function jobOfNotify(params: unknown[]): Sv1Job {
  const [jobId, prevHash, coinbase1, coinbase2, merkleBranches, version, nbits, ntime, cleanJobs] =
    params as [string, string, string, string, string[], string, string, string, boolean];
  return { jobId, prevHash, coinbase1, coinbase2, merkleBranches, version, nbits, ntime, cleanJobs };
}

/**
 * The 80-byte header of a share, written out step by step from Stratum V1's own rules with nothing of the
 * project's code in it, so that it can bear witness against that code.
 */
export function headerOf(job: Sv1Job, roll: Sv1Roll): Buffer {
  const coinbase = Buffer.from(job.coinbase1 + roll.extranonce1 + roll.extranonce2 + job.coinbase2, 'hex');
  let root = sha256d(coinbase);
  for (const branch of job.merkleBranches) root = sha256d(Buffer.concat([root, Buffer.from(branch, 'hex')]));
  const header = Buffer.alloc(80);
  header.writeUInt32LE(roll.version >>> 0, 0);
  for (let word = 0; word < 8; word++) {
    const digits = job.prevHash.slice(8 * word, 8 * word + 8);
    header.writeUInt32LE(Number.parseInt(digits, 16), 4 + 4 * word);
  }
  root.copy(header, 36);
  header.writeUInt32LE(Number.parseInt(roll.ntime, 16), 68);
  header.writeUInt32LE(Number.parseInt(job.nbits, 16), 72);
  header.writeUInt32LE(roll.nonce >>> 0, 76);
  return header;
}

/** The header's hash as a number, as it is compared with a target. */
export function workOf(header: Buffer): bigint {
  return BigInt(`0x${sha256d(header).reverse().toString('hex')}`);
}

/** The hash in display order, by which the mint knows the share. */
export function shareHash(header: Buffer): string {
  return sha256d(header).reverse().toString('hex');
}

/** Target of a difficulty that is a power of two or an integer. */
export function targetOf(difficulty: number): bigint {
  const one = 0xffffn << 208n;
  return difficulty >= 1 ? one / BigInt(Math.round(difficulty)) : one * BigInt(Math.round(1 / difficulty));
}

function sha256d(bytes: Buffer): Buffer {
  return hash('sha256', hash('sha256', bytes, 'buffer'), 'buffer');
}
