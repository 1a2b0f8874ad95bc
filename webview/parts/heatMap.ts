import type { Learned } from '../../daemon/protocol/panel.ts';
import { choice, element, setText, toggle } from '../dom.ts';
import { figure } from '../format.ts';
import type { PanelState } from '../state.ts';

const MEANING = {
  b: 'Mean |b|: how far a layer’s outputs are moved. It is zero before training.',
  d: 'Mean |d|: how much a layer uses of the random directions.',
} as const;

/** Where it learned: a row a module, a column a layer. One table, whose cells are colours or numbers. */
export class HeatMap {
  readonly root: HTMLElement;
  readonly #table = element('table', { class: 'heat', role: 'grid', 'aria-labelledby': 'learned-title' });
  readonly #empty = element('p', { class: 'empty' }, 'Known when the run has an adapter.');
  readonly #meaning = element('p', { class: 'headline' });
  readonly #cell = element('p', { class: 'readout' });
  readonly #scale = element('div', { class: 'heat-scale', 'aria-hidden': 'true' });
  readonly #full: HTMLElement;
  #shown: Learned | undefined;
  #measure: 'b' | 'd' | undefined;

  constructor(state: PanelState) {
    const measures = [['b', '|b|'], ['d', '|d|']] as const; // prettier-ignore
    this.#full = element(
      'div',
      {},
      this.#meaning,
      element('div', { class: 'scroll' }, this.#table),
      element('div', { class: 'heat-foot' }, this.#cell, this.#scale),
    );
    const open = state.view.tables.includes('learned');
    this.#table.classList.toggle('numbers', open);
    const numbers = toggle('Numbers', open, (on) => {
      this.#table.classList.toggle('numbers', on);
      const others = state.view.tables.filter((name) => name !== 'learned');
      state.choose({ tables: on ? [...others, 'learned'] : others });
    }, 'table'); // prettier-ignore
    this.root = element(
      'section',
      { class: 'card learned', 'aria-labelledby': 'learned-title' },
      element(
        'div',
        { class: 'heading' },
        element('h2', { id: 'learned-title' }, 'Where it learned'),
        element(
          'div',
          { class: 'tools' },
          choice('Vector', measures, state.view.heat, (heat) => state.choose({ heat })),
          numbers,
        ),
      ),
      this.#empty,
      this.#full,
    );
    this.#table.addEventListener('keydown', (event) => this.#key(event));
    for (const kind of ['focusin', 'pointerover'] as const) {
      this.#table.addEventListener(kind, ({ target }) => {
        if (target instanceof HTMLElement && target.dataset['about'] !== undefined)
          setText(this.#cell, target.dataset['about']);
      });
    }
  }

  show(state: PanelState): void {
    const learned = state.focus?.learned;
    this.#empty.hidden = learned !== undefined;
    const own = state.focus?.run;
    setText(
      this.#empty,
      own && /lora|full/i.test(own.method) ? 'Only VeRA has b and d.' : 'Known when the run has an adapter.',
    );
    this.#full.hidden = learned === undefined;
    const { heat } = state.view;
    if (!learned || (learned === this.#shown && heat === this.#measure)) return;
    this.#shown = learned;
    this.#measure = heat;
    const values = learned[heat];
    const known = values.flat().filter((value) => value !== null);
    const greatest = Math.max(...known, 0);
    // b begins at zero; d does not, so its colours span what there is.
    const least = heat === 'b' ? 0 : Math.min(...known);
    setText(this.#meaning, MEANING[heat]);
    setText(this.#cell, 'Point at a cell, or move with the arrow keys.');
    this.#scale.replaceChildren(figure(least), element('span', { class: 'gradient' }), figure(greatest));
    const head = element(
      'tr',
      {},
      element('td', {}),
      ...learned.layers.map((layer) => element('th', { scope: 'col' }, String(layer))),
    );
    const rows = learned.modules.map((module, column) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, module),
        ...learned.layers.map((layer, row) =>
          cellOf(values[row]?.[column] ?? null, `${module}, layer ${layer}`, least, greatest, heat),
        ),
      ),
    );
    this.#table.replaceChildren(element('thead', {}, head), element('tbody', {}, ...rows));
    this.#table.querySelector('td[data-about]')?.setAttribute('tabindex', '0');
  }

  #key(event: KeyboardEvent): void {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
      event.key
    ] ?? [0, 0];
    const cell = event.target;
    if (!(cell instanceof HTMLTableCellElement) || (down === 0 && right === 0)) return;
    const row = (cell.parentElement as HTMLTableRowElement).sectionRowIndex + (down ?? 0);
    const next = this.#table.tBodies[0]?.rows[row]?.cells[cell.cellIndex + (right ?? 0)];
    event.preventDefault();
    if (next?.dataset['about'] === undefined) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

function cellOf(value: number | null, where: string, least: number, greatest: number, heat: string): HTMLElement {
  const about = value === null ? `${where}: not adapted` : `${where}: mean |${heat}| ${figure(value)}`;
  const cell = element(
    'td',
    { tabindex: -1, class: value === null ? 'none' : undefined },
    element('span', {}, value === null ? '–' : figure(value)),
  );
  cell.dataset['about'] = about;
  const share = value === null ? 0 : greatest === least ? 1 : (value - least) / (greatest - least);
  cell.style.setProperty('--heat', `${Math.round(8 + 92 * share)}%`);
  cell.classList.toggle('strong', share > 0.55);
  return cell;
}
