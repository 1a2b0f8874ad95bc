import type { Series } from '../data/series.ts';
import { action, element, setText } from '../dom.ts';
import { figure } from '../format.ts';
import type { Curve } from './curve.ts';

/** Rows per page: enough to read, and few enough to be made quickly. */
const PAGE = 50;
/** Milliseconds between two updates of a growing table. */
const PAUSE = 500;

/** The table of a chart, in pages: a row for every step in its range, a column for each line. */
export class DataTable {
  readonly root = element('div', { class: 'data-table' });
  readonly #caption = element('caption', {});
  readonly #head = element('thead', {});
  readonly #body = element('tbody', {});
  readonly #where = element('span', { class: 'where' });
  #curves: readonly Curve[] = [];
  #steps = new Float64Array();
  /** Undefined: the last page, also when more rows come. */
  #page: number | undefined = 0;
  #filledAt = -Infinity;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(title: string, copy: (text: string) => void) {
    setText(this.#caption, `${title}, by step`);
    const go = (label: string, name: string, to: () => number | undefined): HTMLElement => {
      const made = action('', name, () => {
        this.#page = to();
        this.#show();
      });
      made.setAttribute('aria-label', `${title}: ${label}`);
      made.title = label;
      return made;
    };
    const pages = (): number => Math.max(1, Math.ceil(this.#steps.length / PAGE));
    const page = (): number => Math.min(this.#page ?? pages() - 1, pages() - 1);
    const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${title}: table` });
    scroll.append(element('table', {}, this.#caption, this.#head, this.#body));
    this.root.append(
      scroll,
      element(
        'div',
        { class: 'pages' },
        go('First rows', 'chevron-left', () => 0),
        go('Rows before', 'arrow-left', () => Math.max(0, page() - 1)),
        this.#where,
        go('Rows after', 'arrow-right', () => Math.min(pages() - 1, page() + 1)),
        go('Last rows', 'chevron-right', () => undefined),
        action('Copy rows', 'copy', () => copy(this.#text())),
      ),
    );
  }

  /** Takes the curves that the chart shows. Called whenever it is drawn; updates the table a few times per second. */
  fill(curves: readonly Curve[], range: readonly [number, number]): void {
    clearTimeout(this.#later);
    const rest = this.#filledAt + PAUSE - performance.now();
    if (rest > 0 && curves === this.#curves) {
      this.#later = setTimeout(() => this.fill(curves, range), rest);
      return;
    }
    this.#filledAt = performance.now();
    this.#curves = curves;
    this.#steps = stepsOf(curves.map(({ series }) => series), range); // prettier-ignore
    this.#show();
  }

  #show(): void {
    const pages = Math.max(1, Math.ceil(this.#steps.length / PAGE));
    const page = Math.min(this.#page ?? pages - 1, pages - 1);
    const first = page * PAGE;
    const steps = [...this.#steps.subarray(first, first + PAGE)];
    this.#head.replaceChildren(
      element(
        'tr',
        {},
        ...['Step', ...this.#curves.map(({ label }) => label)].map((text) => element('th', { scope: 'col' }, text)),
      ),
    );
    this.#body.replaceChildren(
      ...steps.map((step) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, step.toLocaleString('en-US')),
          ...this.#curves.map(({ series }) => element('td', {}, valueAt(series, step))),
        ),
      ),
    );
    const total = this.#steps.length.toLocaleString('en-US');
    setText(
      this.#where,
      steps.length === 0
        ? 'no rows'
        : `rows ${(first + 1).toLocaleString('en-US')} to ${(first + steps.length).toLocaleString('en-US')} of ${total}`,
    );
  }

  /** The current page as tab-separated text, for a spreadsheet. */
  #text(): string {
    const rows = [...this.root.querySelectorAll('tr')];
    return rows.map((row) => [...row.children].map(({ textContent }) => textContent).join('\t')).join('\n');
  }
}

function valueAt(series: Series, step: number): string {
  const index = series.firstAt(step);
  return index < series.length && series.step(index) === step ? figure(series.value(index)) : '';
}

/** Every step in a range that some curve has, each once, in rising order. */
function stepsOf(curves: readonly Series[], [from, to]: readonly [number, number]): Float64Array<ArrayBuffer> {
  const next = curves.map((curve) => curve.firstAt(from));
  const steps = new Float64Array(curves.reduce((sum, curve) => sum + curve.length, 0));
  let count = 0;
  for (;;) {
    let least = Infinity;
    for (let i = 0; i < curves.length; i++) {
      const curve = curves[i]!;
      if (next[i]! < curve.length) least = Math.min(least, curve.step(next[i]!));
    }
    if (least > to) return steps.subarray(0, count);
    steps[count++] = least;
    for (let i = 0; i < curves.length; i++) {
      const curve = curves[i]!;
      if (next[i]! < curve.length && curve.step(next[i]!) === least) next[i]!++;
    }
  }
}
