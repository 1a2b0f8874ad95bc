import { JOB_STATES } from '../../daemon/protocol/jobStates.ts';
import { element, icon, setAttributes, setText } from '../dom.ts';
import { figure } from '../format.ts';
import type { PanelState, RunState } from '../state.ts';
import { letter } from './letter.ts';

interface Row {
  readonly root: HTMLTableRowElement;
  readonly shown: HTMLInputElement;
  readonly mark: HTMLElement;
  readonly name: HTMLButtonElement;
  readonly state: HTMLElement;
  readonly cells: readonly HTMLTableCellElement[];
}

/** The table of runs: which are drawn, in what colour, and their values at the cursor. */
export class RunsTable {
  readonly root: HTMLElement;
  readonly #body = element('tbody', {});
  readonly #at = element('span', { class: 'at' }, 'latest');
  readonly #rows = new Map<string, Row>();
  readonly #state: PanelState;
  readonly #colours: () => readonly string[];

  constructor(state: PanelState, colours: () => readonly string[]) {
    this.#state = state;
    this.#colours = colours;
    const head = element('tr', {}, ...['Shown', 'Run', 'State'].map((text) => element('th', { scope: 'col' }, text)));
    const lines = [['Train', 'thin'], ['Smoothed', 'thick'], ['Held-out', 'dashed']] as const; // prettier-ignore
    const heading = ([text, line]: (typeof lines)[number]): HTMLElement =>
      element(
        'th',
        { scope: 'col', class: 'number' },
        element('span', { class: `line ${line}`, 'aria-hidden': 'true' }),
        text,
      );
    head.append(...lines.map(heading));
    this.root = element(
      'div',
      { class: 'runs' },
      element(
        'table',
        { class: 'runs-table' },
        element('caption', {}, 'Runs, values at ', this.#at),
        element('thead', {}, head),
        this.#body,
      ),
    );
  }

  show(cursor: number | null): void {
    const keys = [...this.#state.runs.keys()];
    for (const [key, { root }] of this.#rows) {
      if (keys.includes(key)) continue;
      root.remove();
      this.#rows.delete(key);
    }
    setText(this.#at, cursor === null ? 'the latest step' : `step ${Math.round(cursor).toLocaleString('en-US')}`);
    [...this.#state.runs.values()].forEach((run, place) => {
      const row = this.#rows.get(run.run.key) ?? this.#add(run.run.key);
      if (this.#body.children[place] !== row.root)
        this.#body.insertBefore(row.root, this.#body.children[place] ?? null);
      this.#fill(row, run, this.#state.place(run.run.key), cursor);
    });
  }

  #fill(row: Row, { run, data }: RunState, place: number, cursor: number | null): void {
    row.shown.checked = this.#state.visible.some((one) => one.run.key === run.key);
    setAttributes(row.shown, { 'aria-label': `Draw ${run.title}` });
    setText(row.mark, letter(place));
    const colours = this.#colours();
    row.mark.style.setProperty('--run', colours[place % colours.length] ?? '');
    setText(row.name, run.title);
    const focused = this.#state.focus?.run.key === run.key;
    setAttributes(row.name, { 'aria-pressed': String(focused), title: run.title });
    row.root.classList.toggle('focused', focused);
    const { label, icon: name } = JOB_STATES[run.state];
    if (row.state.textContent !== label) row.state.replaceChildren(icon(name), label);
    setAttributes(row.state, { 'data-state': run.state });
    const curves = [data.series.loss, data.smoothed.points, data.series.heldOutLoss];
    row.cells.forEach((cell, i) => setText(cell, figure(curves[i]?.at(cursor))));
  }

  #add(key: string): Row {
    const shown = element('input', { type: 'checkbox' });
    shown.addEventListener('change', () => {
      const [hidden, drawn] = [this.#state.view.hidden, this.#state.view.shown].map((keys) =>
        keys.filter((other) => other !== key),
      ) as [string[], string[]];
      this.#state.choose(
        shown.checked ? { hidden, shown: [...drawn, key] } : { hidden: [...hidden, key], shown: drawn },
      );
    });
    const mark = element('span', { class: 'mark', 'aria-hidden': 'true' });
    const name = element('button', { type: 'button', class: 'link' });
    name.addEventListener('click', () => this.#state.choose({ focus: key }));
    const state = element('span', { class: 'state' });
    const cells = [0, 1, 2].map(() => element('td', { class: 'number' }));
    const root = element(
      'tr',
      {},
      element('td', { class: 'shown' }, shown),
      element('th', { scope: 'row' }, element('span', { class: 'name' }, mark, name)),
      element('td', {}, state),
      ...cells,
    );
    const row = { root, shown, mark, name, state, cells };
    this.#rows.set(key, row);
    return row;
  }
}
