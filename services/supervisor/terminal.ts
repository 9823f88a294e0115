import type { WriteStream } from 'node:tty';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_REST_OF_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** A screen that is drawn over itself; what the terminal showed before comes back when it is closed. */
export interface LiveScreen {
  draw(): void;
  close(): void;
}

/** Takes over a terminal and keeps showing what `render` gives, at each `draw` and when the window changes. */
export function openScreen(out: WriteStream, render: (columns: number) => string[]): LiveScreen {
  const draw = (): void => {
    const lines = render(out.columns).slice(0, out.rows - 1);
    out.write(HOME + lines.map((line) => line + ERASE_REST_OF_LINE).join('\n') + ERASE_BELOW);
  };
  const leave = (): void => {
    out.write(LEAVE);
  };
  out.write(ENTER);
  out.on('resize', draw);
  process.once('exit', leave);
  draw();
  return {
    draw,
    close: () => {
      out.off('resize', draw);
      process.off('exit', leave);
      leave();
    },
  };
}
