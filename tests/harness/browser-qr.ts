import type { Locator } from 'playwright-core';
import { decodeQR } from 'qr/decode.js';

/** Pixels for each square, and light squares around the code: what a camera needs. */
const SCALE = 4;
const MARGIN = 4;
const LIGHT = 255;

/** What a QR code on a page says; it is drawn as one path of runs, `M1 2h3v1h-3z` each. */
export async function readQr(code: Locator): Promise<string> {
  const path = (await code.locator('path').getAttribute('d')) ?? '';
  const squares = Number((await code.locator('svg').getAttribute('viewBox'))?.split(' ')[2]);
  const size = (squares + 2 * MARGIN) * SCALE;
  const data = new Uint8Array(size * size * 4).fill(LIGHT);
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    darken(data, size, { x: Number(x) + MARGIN, y: Number(y) + MARGIN, length: Number(length) });
  }
  return decodeQR({ width: size, height: size, data });
}

function darken(data: Uint8Array, size: number, run: { x: number; y: number; length: number }): void {
  for (let y = run.y * SCALE; y < (run.y + 1) * SCALE; y++) {
    for (let x = run.x * SCALE; x < (run.x + run.length) * SCALE; x++) {
      data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
    }
  }
}
