import { type ComponentChildren, h, type JSX } from 'preact';

export interface Column<Row> {
  readonly title: ComponentChildren;
  readonly cell: (row: Row) => ComponentChildren;
  /**
   * `number` stands at the right, where it is `loose` with its unit below it in a narrow card; such a card leaves out
   * `third-rate` and then `second-rate` columns.
   */
  readonly kind?: string;
}

export interface TableProps<Row> {
  /** What it lists, for screen readers. */
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
}

export function Table<Row>({ caption, columns, rows, keyOf }: TableProps<Row>): JSX.Element {
  return h(
    'table',
    { class: 'table' },
    h('caption', { class: 'unseen' }, caption),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        columns.map(({ title, kind = '' }, k) => h('th', { key: k, scope: 'col', class: kind }, title)),
      ),
    ),
    h(
      'tbody',
      null,
      rows.map((row) =>
        h(
          'tr',
          { key: keyOf(row) },
          columns.map(({ cell, kind = '' }, k) =>
            k === 0
              ? h('th', { key: k, scope: 'row', class: kind }, cell(row))
              : h('td', { key: k, class: kind }, cell(row)),
          ),
        ),
      ),
    ),
  );
}

export interface PagerProps {
  readonly page: number;
  readonly limit: number;
  readonly total: number;
  readonly onPage: (page: number) => void;
}

/** Which part of a long list is shown, and the way to the others; nothing where all of it is. */
export function Pager({ page, limit, total, onPage }: PagerProps): JSX.Element | null {
  const pages = Math.ceil(total / limit);
  if (pages <= 1) return null;
  const first = (page - 1) * limit + 1;
  return h(
    'nav',
    { class: 'under', 'aria-label': 'Pages of the list' },
    h(
      'button',
      { type: 'button', class: 'button', disabled: page <= 1, onClick: () => onPage(page - 1) },
      'Before',
    ),
    h('span', { class: 'muted small' }, `${first} to ${Math.min(total, page * limit)} of ${total}`),
    h(
      'button',
      { type: 'button', class: 'button', disabled: page >= pages, onClick: () => onPage(page + 1) },
      'Next',
    ),
  );
}
