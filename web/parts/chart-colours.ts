/** Names of the tokens that charts are drawn in (web/style/tokens.css). */
export type ChartColour = 'accent' | 'second' | 'muted' | 'grid' | 'line' | 'ok' | 'low' | 'bad';

/** What a token is at present, as a canvas takes it; `element` is in the page. */
export function colourOf(element: Element, token: ChartColour, opacity = 1): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  const parts = color.match(/[\d.]+/g) ?? ['0', '0', '0'];
  return `rgb(${parts.slice(0, 3).join(' ')} / ${opacity})`;
}
