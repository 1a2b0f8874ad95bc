import type { Learned } from '../../daemon/protocol/panel.ts';
import { choice, element, setText, toggle } from '../dom.ts';
import { figure } from '../format.ts';
import type { PanelState } from '../state.ts';

/** Where it learned: one table with a row per module and a column per layer, whose cells are colours or numbers. */
export class HeatMap {
  readonly root: HTMLElement;
  readonly #table = element('table', { class: 'heat', role: 'grid', 'aria-labelledby': 'learned-title' });
  readonly #empty = element('p', { class: 'empty' }, 'Known when the run has an adapter.');
  readonly #meaning = element('p', { class: 'headline' });
  readonly #cell = element('p', { class: 'readout' });
  readonly #scale = element('div', { class: 'heat-scale', 'aria-hidden': 'true' });
  readonly #full: HTMLElement;
  readonly #choice = element('span', {});
  /** Names of the figures that can be chosen now. */
  #names = '';
  #shown: Learned | undefined;
  #measure: string | undefined;

  constructor(state: PanelState) {
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
        element('div', { class: 'tools' }, this.#choice, numbers),
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
    setText(
      this.#empty,
      state.focus?.run.adapter ? 'The method of this run has no such figures.' : 'Known when the run has an adapter.',
    );
    this.#full.hidden = learned === undefined;
    const chosen = learned?.figures.find(({ name }) => name === state.view.heat) ?? learned?.figures[0];
    this.#offer(learned, chosen?.name, state);
    if (!learned || !chosen || (learned === this.#shown && chosen.name === this.#measure)) return;
    this.#shown = learned;
    this.#measure = chosen.name;
    const { values, label, help, fromZero } = chosen;
    const known = values.flat().filter((value) => value !== null);
    const greatest = Math.max(...known, 0);
    const least = fromZero ? 0 : Math.min(...known);
    setText(this.#meaning, help);
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
          cellOf(values[row]?.[column] ?? null, `${module}, layer ${layer}`, least, greatest, label),
        ),
      ),
    );
    this.#table.classList.toggle('many', learned.layers.length > 14); // then every fifth has its number
    this.#table.replaceChildren(element('thead', {}, head), element('tbody', {}, ...rows));
    this.#table.querySelector('td[data-about]')?.setAttribute('tabindex', '0');
  }

  /** The choice among figures, where there are several. */
  #offer(learned: Learned | undefined, chosen: string | undefined, state: PanelState): void {
    const figures = learned?.figures ?? [];
    const names = figures.map(({ name, label }) => `${name} ${label}`).join();
    this.#choice.hidden = figures.length < 2;
    if (names === this.#names || chosen === undefined) return;
    this.#names = names;
    const measures = figures.map(({ name, label }) => [name, label] as const);
    this.#choice.replaceChildren(choice('Figure', measures, chosen, (heat) => state.choose({ heat })));
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

function cellOf(value: number | null, where: string, least: number, greatest: number, label: string): HTMLElement {
  const about = value === null ? `${where}: not adapted` : `${where}: mean ${label} ${figure(value)}`;
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
