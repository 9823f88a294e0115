import { type ComponentChildren, h, type JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { glossary, type Word } from '../words/glossary.ts';

const MARGIN_PX = 8;

/** A word that not everybody knows: what it means comes up when one points at it, tabs to it or taps it. */
export function Term({
  of,
  children,
}: {
  readonly of: Word;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return h(Tip, { text: glossary[of].meaning }, children ?? glossary[of].word);
}

/** A text with an explanation; Escape takes that away. */
export function Tip({
  text,
  children,
}: {
  readonly text: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const word = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!isOpen || tip.current === null || word.current === null) return;
    tip.current.showPopover();
    place(tip.current, word.current.getBoundingClientRect());
    const close = (): void => setOpen(false);
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('scroll', close, { capture: true, passive: true });
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('scroll', close, { capture: true });
    };
  }, [isOpen]);
  return h(
    'span',
    { onMouseEnter: () => setOpen(true), onMouseLeave: () => setOpen(false) },
    h(
      'button',
      {
        ref: word,
        type: 'button',
        class: 'term',
        'aria-describedby': isOpen ? id : undefined,
        onFocus: () => setOpen(true),
        onBlur: () => setOpen(false),
        onClick: () => setOpen(true),
      },
      children,
    ),
    isOpen && h('span', { ref: tip, id, role: 'tooltip', class: 'tip', popover: 'manual' }, text),
  );
}

/** Below the word where there is room, else above it, and never beyond the window. */
function place(tip: HTMLElement, word: DOMRect): void {
  const { width, height } = tip.getBoundingClientRect();
  const right = document.documentElement.clientWidth - width - MARGIN_PX;
  const below = word.bottom + MARGIN_PX;
  const fits = below + height < document.documentElement.clientHeight;
  tip.style.margin = '0';
  tip.style.inset = 'auto';
  tip.style.left = `${Math.max(MARGIN_PX, Math.min(word.left, right))}px`;
  tip.style.top = `${fits ? below : Math.max(MARGIN_PX, word.top - height - MARGIN_PX)}px`;
}
