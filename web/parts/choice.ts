import { h, type JSX } from 'preact';
import { useId } from 'preact/hooks';

export interface ChoiceProps<Value extends string | number> {
  /** What is chosen, for screen readers. */
  readonly label: string;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** One of a few: the window of a chart, the filter of a table. */
export function Choice<Value extends string | number>(props: ChoiceProps<Value>): JSX.Element {
  const name = useId();
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', { class: 'unseen' }, props.label),
    props.options.map(([value, text]) =>
      h(
        'label',
        { key: value },
        h('input', {
          type: 'radio',
          name,
          checked: value === props.value,
          onChange: () => props.onChange(value),
        }),
        text,
      ),
    ),
  );
}
