import { h, type JSX } from 'preact';

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  /** Characters. */
  readonly max: number;
  readonly inputMode?: 'text' | 'numeric';
  readonly onInput: (value: string) => void;
}

/** A line to be typed, with its name above. */
export function Field({
  label,
  value,
  placeholder = '',
  max,
  inputMode = 'text',
  onInput,
}: FieldProps): JSX.Element {
  return h(
    'label',
    { class: 'stacked small' },
    label,
    h('input', {
      class: 'field',
      value,
      placeholder,
      maxLength: max,
      inputMode,
      spellcheck: false,
      autocomplete: 'off',
      onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
    }),
  );
}
