import type { CompletionReport } from '../../daemon/protocol/completionReport.ts';
import {
  COMPLETION_COLUMNS,
  completionScope,
  completionVerdicts,
  intervalText,
  shareText,
  sideText,
} from '../../daemon/protocol/completionText.ts';
import { button, element, setAttributes, setText } from '../dom.ts';
import type { PanelState } from '../state.ts';

const NONE =
  'Not measured yet. An evaluation asks the base and this adapter for inline completions at places in code that the adapter was not trained on, and compares them with the code that stands there.';
const NO_ADAPTER = 'The run has made no adapter yet. Its completions can be measured when it has.';

/** The newest evaluation of completions: base and adapters side by side, on the same places. */
export class Evaluation {
  readonly root: HTMLElement;
  readonly #sentence = element('p', { class: 'headline' });
  readonly #scope = element('p', { class: 'facts' });
  readonly #notes = element('ul', { class: 'facts notes' });
  readonly #error = element('div', { class: 'message error', role: 'alert' });
  readonly #head = element('thead', {});
  readonly #body = element('tbody', {});
  readonly #table: HTMLElement;
  readonly #start: HTMLElement;
  readonly #errors = new Map<string, string | null>();
  readonly #busy = new Set<string>();
  #latest: PanelState | undefined;

  /** evaluate: starts one for a run; `done` is called with the error, if any. */
  constructor(evaluate: (run: string, done: (error: string | null) => void) => void) {
    this.#table = element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Completions of base and adapters' },
      element(
        'table',
        { class: 'savings-table' },
        element('caption', { class: 'visually-hidden' }, 'How well base and adapters complete held-out code'),
        this.#head,
        this.#body,
      ),
    );
    this.#start = button('Evaluate completions...', () => this.#press(evaluate), { icon: 'checklist' });
    this.root = element(
      'section',
      { class: 'card evaluation', 'aria-labelledby': 'evaluation-title' },
      element(
        'div',
        { class: 'heading' },
        element('h2', { id: 'evaluation-title' }, 'Completions on held-out code'),
        this.#start,
      ),
      this.#sentence,
      this.#table,
      this.#scope,
      this.#notes,
      this.#error,
    );
  }

  show(state: PanelState): void {
    this.#latest = state;
    const { focus } = state;
    if (focus === undefined) return;
    const { run, evaluation: report } = focus;
    this.#start.hidden = run.adapter === null;
    const busy = this.#busy.has(run.key) ? 'true' : undefined;
    setAttributes(this.#start, { 'aria-busy': busy, 'aria-disabled': busy });
    const error = this.#errors.get(run.key) ?? null;
    this.#error.hidden = error === null;
    setText(this.#error, error ?? '');
    this.#table.hidden = this.#scope.hidden = this.#notes.hidden = report === undefined;
    setText(
      this.#sentence,
      report === undefined ? (run.adapter === null ? NO_ADAPTER : NONE) : completionVerdicts(report).join(' '),
    );
    if (report === undefined) return;
    setText(
      this.#scope,
      `Measured: ${completionScope(report)}. Below each share: the difference from the base in percentage points, with its 95 % interval in brackets.`,
    );
    this.#notes.hidden = report.notes.length === 0;
    this.#notes.replaceChildren(...report.notes.map((note) => element('li', {}, note)));
    this.#fill(report);
  }

  #fill({ sides, differences }: CompletionReport): void {
    const columns = COMPLETION_COLUMNS.filter(({ name }) => sides[0]!.figures[name] !== undefined);
    this.#head.replaceChildren(
      element('tr', {}, element('td', {}), ...columns.map(({ label }) => element('th', { scope: 'col' }, label))),
    );
    this.#body.replaceChildren(
      ...sides.map((side, i) => {
        const difference = differences.find(({ of, than }) => of === i && than === 0);
        return element(
          'tr',
          {},
          element('th', { scope: 'row' }, sideText(side)),
          ...columns.map(({ name }) => {
            const interval = difference?.[name];
            return element(
              'td',
              {},
              element('span', { class: 'amount' }, shareText(side.figures[name]!)),
              element('span', { class: 'aside' }, interval === undefined ? '' : intervalText(interval)),
            );
          }),
        );
      }),
    );
  }

  #press(evaluate: (run: string, done: (error: string | null) => void) => void): void {
    const key = this.#latest?.focus?.run.key;
    if (key === undefined || this.#busy.has(key)) return;
    this.#busy.add(key);
    this.#errors.delete(key);
    evaluate(key, (error) => {
      this.#busy.delete(key);
      this.#errors.set(key, error);
      if (this.#latest) this.show(this.#latest);
    });
    if (this.#latest) this.show(this.#latest);
  }
}
