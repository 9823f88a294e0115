/** What a block that pays a pool is to the pool's epochs. */
export type BlockKind =
  /** A share of the pool: it closes an epoch and opens one. */
  | 'boundary'
  /** Its share may be on its way: an epoch is kept ready, of which nothing is paid before that is known. */
  | 'undecided'
  /** No share of the pool: what it pays backs the open epoch. */
  | 'gift'
  /** The price of the epoch that it would have closed, or backed, is fixed: what it pays backs the open epoch. */
  | 'late';

/** A block of the active chain that pays a pool's script. */
export interface PayingBlock {
  readonly height: number;
  /** 64 hex digits, header order. */
  readonly hash: string;
  /** Satoshis to the script, of a late block those that no price was made of. */
  readonly value: bigint;
  /** Satoshis that back ehash where it is a boundary: to the script, and balances that the mint had told it to pay. */
  readonly reward: bigint;
  /** What its coinbase pays besides, which backs nothing. */
  readonly elsewhere?: bigint | undefined;
  readonly kind: BlockKind;
  /** It has the confirmations that make a boundary final. */
  readonly isFinal: boolean;
  /** Of a late block: the epoch that it backs since it was found. */
  readonly givenTo?: number | undefined;
}

/** The part of an epoch that follows from the chain. */
export interface LaidEpoch {
  readonly epoch: number;
  readonly openedHeight: number;
  /** Undefined for a pool's first. */
  readonly openedHash: string | undefined;
  readonly standing: 'unproven' | 'live' | 'dissolved' | 'stranded';
  readonly isFinal: boolean;
  readonly closing: { readonly hash: string; readonly height: number; readonly reward: bigint } | undefined;
  readonly gifts: bigint;
  readonly mergedInto: number | undefined;
  /** What its quotes were counted by, in one text. */
  readonly terms: string;
}

/** A segment: the quotes of shares on one boundary and the blocks after it, up to the next. */
export interface LaidSegment {
  readonly segment: number;
  readonly epoch: number;
  /** The block that it begins with; undefined for a pool's first. */
  readonly hash: string | undefined;
  /** The segment before it, on that block's chain. */
  readonly previous: number | undefined;
  readonly hasQuotes: boolean;
  /** Some of its quotes were minted: it is never moved again. */
  readonly hasIssued: boolean;
}

export interface Layout {
  readonly epochs: readonly LaidEpoch[];
  readonly segments: readonly LaidSegment[];
}

/** What a block that is no boundary gives to an epoch. */
export interface Gift {
  readonly hash: string;
  readonly epoch: number;
  readonly sats: bigint;
}

/** A layout with the blocks that `gifts` of its epochs are made of. */
export interface Laid extends Layout {
  readonly gifts: readonly Gift[];
}

/**
 * Lays out a pool's epochs as the active chain has them.
 *
 *     chain      ──────X──────────Y──────────▶      X, Y: boundaries
 *     epochs     A     │B         │C                X closes A and opens B
 *     segments   a     x          y                 each with the shares on it and after it
 *
 * An epoch is opened by the boundary at its height, whichever block that is at present. A segment belongs to the epoch
 * that its own block opens, and while that block is no boundary, to that of the segment before it: so a reorganization
 * moves epochs' and segments' rows and no quote. What was signed is never taken back: a segment of which quotes were
 * minted stays where it is, and an epoch that has lost its boundary after that is `stranded`, not dissolved. So is one
 * whose quotes were counted by other terms than those of the epoch that would take them; that one shares its reward.
 *
 * @param before the epochs whose price is not fixed, and dissolved ones, lowest first; their segments. The first stands, whatever the chain says
 * @param blocks those above the first epoch's, lowest first, and late ones. Precondition: each but those has a segment, and
 * unless it is a gift an epoch of its height
 */
export function layOut(before: Layout, blocks: readonly PayingBlock[]): Laid {
  const [base] = before.epochs;
  if (!base) return { ...before, gifts: [] };
  const issued = new Set(before.segments.filter(({ hasIssued }) => hasIssued).map(({ epoch }) => epoch));
  const { epochs: onChain, gifts } = openedByChain(base, before.epochs, blocks, issued);
  const byHash = new Map(
    onChain.flatMap(({ openedHash, epoch }) => (openedHash ? [[openedHash, epoch]] : [])),
  );
  const heirOf = heirs(before.segments, byHash);

  const chained = new Map(onChain.map((laid) => [laid.epoch, laid]));
  const standing = before.epochs.map((epoch): LaidEpoch => {
    const laid = chained.get(epoch.epoch);
    if (laid) return laid;
    const off = { ...epoch, closing: undefined, gifts: 0n };
    if (issued.has(epoch.epoch) || epoch.standing === 'stranded') return { ...off, standing: 'stranded' };
    const heir = otherTerms(epoch, before, chained, heirOf);
    return heir === undefined
      ? { ...off, standing: 'dissolved', isFinal: false, mergedInto: undefined }
      : { ...off, standing: 'stranded', isFinal: true, mergedInto: heir.isFinal ? heir.epoch : base.epoch };
  });
  const epochs = withHeirs(standing);
  const kept = new Set(epochs.filter(({ standing }) => standing === 'stranded').map(({ epoch }) => epoch));
  const segments = before.segments.map((segment): LaidSegment => {
    const stays = segment.hasIssued || kept.has(segment.epoch);
    return stays ? segment : { ...segment, epoch: heirOf(segment) };
  });
  return { epochs, segments, gifts };
}

/**
 * Has each stranded epoch share the reward of one that gets any: where its heir is stranded too, that of its heir's heir
 * once there is one; where its heir is dissolved, nobody's.
 */
function withHeirs(epochs: readonly LaidEpoch[]): LaidEpoch[] {
  const byNumber = new Map(epochs.map((epoch) => [epoch.epoch, epoch]));
  const heirOf = ({ mergedInto }: LaidEpoch): number | undefined => {
    const heir = mergedInto === undefined ? undefined : byNumber.get(mergedInto);
    if (heir?.standing === 'dissolved') return undefined;
    return heir?.standing === 'stranded' && heir.mergedInto !== undefined ? heirOf(heir) : mergedInto;
  };
  return epochs.map((epoch) => ({ ...epoch, mergedInto: heirOf(epoch) }));
}

/** The epochs that the chain's blocks open, each closed by the boundary after it. */
function openedByChain(
  base: LaidEpoch,
  epochs: readonly LaidEpoch[],
  blocks: readonly PayingBlock[],
  issued: ReadonlySet<number>,
): { readonly epochs: LaidEpoch[]; readonly gifts: Gift[] } {
  const byHeight = new Map(epochs.map((epoch) => [epoch.openedHeight, epoch]));
  const laid: LaidEpoch[] = [];
  const gifts: Gift[] = [];
  let open: LaidEpoch = { ...base, closing: undefined, gifts: 0n };
  for (const { kind, height, hash, value, reward, isFinal } of blocks) {
    if (kind === 'late') continue;
    if (kind === 'gift') {
      gifts.push({ hash, epoch: open.epoch, sats: value });
      continue;
    }
    const row = byHeight.get(height);
    if (!row) continue;
    const own = { ...row, openedHash: hash, mergedInto: undefined, closing: undefined, gifts: 0n };
    const stood = row.isFinal && (row.openedHash === hash || issued.has(row.epoch));
    if (kind === 'undecided') {
      laid.push(
        issued.has(row.epoch)
          ? { ...own, standing: 'stranded' }
          : { ...own, standing: 'unproven', isFinal: false },
      );
      continue;
    }
    laid.push({ ...open, closing: { hash, height, reward } });
    open = { ...own, standing: 'live', isFinal: stood || isFinal };
  }
  const live = [...laid, open].filter(({ standing }) => standing === 'live').map(({ epoch }) => epoch);
  for (const { kind, hash, value, givenTo } of blocks) {
    if (kind !== 'late') continue;
    gifts.push({ hash, epoch: live.find((epoch) => epoch === givenTo) ?? open.epoch, sats: value });
  }
  const sumOf = (of: LaidEpoch) =>
    gifts.reduce((sum, { epoch, sats }) => (epoch === of.epoch ? sum + sats : sum), 0n);
  return { epochs: [...laid, open].map((epoch) => ({ ...epoch, gifts: sumOf(epoch) })), gifts };
}

/** Which epoch a segment belongs to: its own block's, or that of the segment before it. */
function heirs(
  segments: readonly LaidSegment[],
  byHash: ReadonlyMap<string, number>,
): (segment: LaidSegment) => number {
  const byNumber = new Map(segments.map((segment) => [segment.segment, segment]));
  const newest = new Map(segments.map((segment) => [segment.hash, segment]));
  const found = new Map<number, number>();
  function heirOf(segment: LaidSegment): number {
    const known = found.get(segment.segment);
    if (known !== undefined) return known;
    const previous = segment.previous === undefined ? undefined : byNumber.get(segment.previous);
    const own = segment.hash === undefined ? segment.epoch : byHash.get(segment.hash);
    const before = previous && (newest.get(previous.hash) ?? previous);
    const heir = own ?? (before ? heirOf(before) : segment.epoch);
    found.set(segment.segment, heir);
    return heir;
  }
  return heirOf;
}

/** The epoch whose reward an epoch shares that is dissolved, where its quotes can't go there; undefined where they can. */
function otherTerms(
  epoch: LaidEpoch,
  { segments }: Layout,
  chained: ReadonlyMap<number, LaidEpoch>,
  heirOf: (segment: LaidSegment) => number,
): LaidEpoch | undefined {
  const own = segments.filter((segment) => segment.epoch === epoch.epoch && segment.hasQuotes);
  return own
    .flatMap((segment) => chained.get(heirOf(segment)) ?? [])
    .find(({ terms }) => terms !== epoch.terms);
}
