import type { Cost, Savings } from '../../daemon/protocol/panel.ts';
import { choice, element, setText } from '../dom.ts';
import { bytes, times, whole } from '../format.ts';
import type { PanelState } from '../state.ts';

const COUNTS = [
  [1, '1'],
  [1000, '1,000'],
  [1_000_000, '1,000,000'],
] as const;

interface Line {
  readonly name: string;
  readonly of: (cost: Cost) => number | null;
  readonly text: (value: number | null) => string;
}

const lines = (adapters: number): Line[] => [
  { name: 'Trainable parameters', of: (cost) => cost.parameters, text: whole },
  {
    name: adapters === 1 ? 'Adapter on disk' : `${whole(adapters)} adapters on disk`,
    of: ({ adapterBytes }) => (adapterBytes === null ? null : adapters * adapterBytes),
    text: bytes,
  },
  { name: 'Gradient and optimizer', of: (cost) => cost.optimizerBytes, text: bytes },
  { name: 'Peak memory', of: (cost) => cost.peakBytes, text: bytes },
];

/** What this run costs beside the baselines (LoRA) on the same layers: a column for each, bars to one scale in each line. */
export class SavingsPart {
  readonly root: HTMLElement;
  readonly #title = element('h2', { id: 'savings-title' }, 'Savings');
  readonly #headline = element('p', { class: 'headline' });
  readonly #head = element('thead', {});
  readonly #body = element('tbody', {});
  readonly #empty = element('p', { class: 'empty' }, 'Counted when the run has been planned.');
  readonly #full: HTMLElement;
  #shown: Savings | undefined;
  #adapters = 0;

  constructor(state: PanelState) {
    this.#full = element(
      'div',
      {},
      this.#headline,
      element(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Costs beside other methods' },
        element(
          'table',
          { class: 'savings-table' },
          element('caption', { class: 'visually-hidden' }, 'Costs of this run and of other methods by rank'),
          this.#head,
          this.#body,
        ),
      ),
    );
    this.root = element(
      'section',
      { class: 'card savings', 'aria-labelledby': 'savings-title' },
      element(
        'div',
        { class: 'heading' },
        this.#title,
        element(
          'div',
          { class: 'tools' },
          element('span', { class: 'label', 'aria-hidden': 'true' }, 'Adapters'),
          choice('Adapters counted', COUNTS, state.view.adapters, (adapters) => state.choose({ adapters })),
        ),
      ),
      this.#empty,
      this.#full,
    );
  }

  show(state: PanelState): void {
    const savings = state.focus?.savings;
    this.#empty.hidden = savings !== undefined;
    this.#full.hidden = savings === undefined;
    if (!savings || (savings === this.#shown && state.view.adapters === this.#adapters)) return;
    this.#shown = savings;
    this.#adapters = state.view.adapters;
    const { own, measured, baselines } = savings;
    const others = [...new Set(baselines.map(({ method }) => method))].join(' and ');
    setText(this.#title, others === '' ? 'Savings' : `Savings against ${others}`);
    const columns: { title: string; cost: Cost; measured?: Cost | null }[] = [
      { title: own.rank === null ? own.method : `${own.method} ${own.rank}`, cost: own, measured },
      ...baselines.map((cost) => ({ title: `${cost.method} ${cost.rank}`, cost })),
    ];
    setText(this.#headline, headline(savings, state.view.adapters));
    this.#head.replaceChildren(
      element(
        'tr',
        {},
        element('td', {}),
        ...columns.map(({ title }, i) => element('th', { scope: 'col', class: i === 0 ? 'own' : undefined }, title)),
      ),
    );
    this.#body.replaceChildren(...lines(state.view.adapters).map((line) => rowOf(line, columns)));
  }
}

function rowOf({ name, of, text }: Line, columns: readonly { cost: Cost; measured?: Cost | null }[]): HTMLElement {
  const values = columns.map(({ cost }) => of(cost));
  const greatest = Math.max(...values.map((value) => value ?? 0), of(columns[0]?.measured ?? EMPTY) ?? 0);
  const own = values[0] ?? null;
  const cells = columns.map(({ measured }, i) => {
    const value = values[i] ?? null;
    const measuredValue = measured ? of(measured) : null;
    const bar = element('span', { class: 'bar', 'aria-hidden': 'true' }, element('span', {}));
    const share = value === null || greatest === 0 ? 0 : Math.max(0.6, (100 * value) / greatest);
    (bar.firstElementChild as HTMLElement).style.width = `${share}%`;
    const ratio = i > 0 && own !== null && own > 0 && value !== null ? value / own : undefined;
    return element(
      'td',
      { class: i === 0 ? 'own' : undefined },
      element('span', { class: 'amount' }, text(value)),
      value === null ? undefined : bar,
      element(
        'span',
        { class: 'aside' },
        i > 0
          ? ratio === undefined
            ? ''
            : times(ratio)
          : measuredValue === null
            ? 'estimated'
            : `measured ${text(measuredValue)}`,
      ),
    );
  });
  return element('tr', {}, element('th', { scope: 'row' }, name), ...cells);
}

const EMPTY: Cost = { parameters: null, adapterBytes: null, optimizerBytes: null, peakBytes: null };

/** The sentence above the table: against the rank most people take. */
function headline({ own, baselines }: Savings, adapters: number): string {
  const usual = baselines.find(({ rank }) => rank === 16) ?? baselines.at(-1);
  if (!usual || !own.parameters || !usual.parameters) return '';
  const fewer = usual.parameters / own.parameters;
  const name = own.rank === null ? own.method : `${own.method} of rank ${own.rank}`;
  const sizes =
    own.adapterBytes === null || usual.adapterBytes === null
      ? ''
      : ` ${adapters === 1 ? 'An adapter takes' : `${whole(adapters)} adapters take`} ${bytes(adapters * own.adapterBytes)} instead of ${bytes(adapters * usual.adapterBytes)}.`;
  return fewer >= 1
    ? `${name} trains ${times(fewer).replace('×', '')} times fewer parameters than ${usual.method} of rank ${usual.rank}.${sizes}`
    : `${name} trains ${times(1 / fewer).replace('×', '')} times more parameters than ${usual.method} of rank ${usual.rank}.${sizes}`;
}
