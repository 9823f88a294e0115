import { Fragment, h, type JSX } from 'preact';

/** What to do where no miner has come to the pool yet. */
export const connectToPool =
  'Miners come through a translator, or directly by Stratum V2. As soon as one connects, it stands here.';

/** What to do where no device has come to the translator yet. */
export function connectDevice(): JSX.Element {
  return h(
    Fragment,
    null,
    h('a', { href: '#/connect' }, 'See what to enter in your device'),
    '; it stands here as soon as it connects.',
  );
}
