import type uPlot from 'uplot';
import { plotted } from '../data/plotted.ts';
import { element, setAttributes, setText, toggle } from '../dom.ts';
import { soon } from '../frames.ts';
import type { Theme } from '../theme.ts';
import type { Curve } from './curve.ts';
import { moveBy } from './keys.ts';
import { createPlot } from './plot.ts';
import { DataTable } from './table.ts';

/** State that all charts of a panel share: the visible range and the cursor. */
export interface Shared {
  readonly theme: () => Theme;
  readonly range: () => readonly [number, number];
  readonly zoomed: (range: [number, number] | null) => void;
  readonly pointed: (step: number | null) => void;
  readonly copy: (text: string) => void;
}

export interface ChartOptions {
  readonly id: string;
  readonly title: string;
  readonly curves: () => Curve[];
  readonly format: (value: number) => string;
  readonly height: number;
  readonly logScale?: () => boolean;
  readonly fromZero?: boolean;
  readonly table: { open: boolean; changed: (open: boolean) => void };
  /** Whether the values under the cursor are shown in a line of text. */
  readonly readout: boolean;
}

/** A chart with its heading, keyboard control, cursor and table. */
export class Chart {
  readonly root: HTMLElement;
  readonly tools = element('div', { class: 'tools', role: 'group' });
  readonly #options: ChartOptions;
  readonly #shared: Shared;
  readonly #place = element('div', { class: 'plot' });
  readonly #empty = element('p', { class: 'empty' }, 'No steps yet.');
  readonly #readout = element('p', { class: 'readout' });
  readonly #table: DataTable;
  #plot: uPlot | undefined;
  #curves: Curve[] = [];
  #cursor: number | null = null;
  #size = 0;
  /** Whether noisy curves have two values per pixel. */
  #dense = false;

  constructor(options: ChartOptions, shared: Shared) {
    this.#options = options;
    this.#shared = shared;
    const heading = element('h3', { id: `${options.id}-title` }, options.title);
    setAttributes(this.tools, { 'aria-label': `${options.title}: view` });
    this.#table = new DataTable(options.title, shared.copy);
    const tableToggle = toggle('Table', options.table.open, (open) => {
      this.#table.root.hidden = !open;
      options.table.changed(open);
      if (open) this.#fillTable();
    }, 'table'); // prettier-ignore
    setAttributes(tableToggle, { 'aria-label': `${options.title}: table` });
    this.tools.append(tableToggle);
    this.#table.root.hidden = !options.table.open;
    setAttributes(this.#place, {
      role: 'slider',
      tabindex: 0,
      'aria-roledescription': 'chart',
      'aria-label': options.title,
      'aria-describedby': 'chart-keys',
      'aria-orientation': 'horizontal',
    });
    this.#place.style.height = `${options.height}px`;
    this.#place.addEventListener('keydown', (event) => this.#key(event));
    this.#place.addEventListener('blur', () => this.#shared.pointed(null));
    this.root = element(
      'section',
      { class: `chart chart-${options.id}`, 'aria-labelledby': `${options.id}-title` },
      element('div', { class: 'heading' }, heading, this.tools),
      options.readout ? this.#readout : undefined,
      this.#place,
      this.#table.root,
    );
    this.#place.append(this.#empty);
    new ResizeObserver(() => this.#resized()).observe(this.#place);
    this.rebuild();
  }

  /** Draws again after lines, colours or scale have changed. */
  rebuild(): void {
    soon(
      `build ${this.#options.id}`,
      () => {
        const width = this.#place.clientWidth;
        this.#plot?.destroy();
        this.#plot = undefined;
        this.#curves = this.#options.curves();
        if (width === 0) return;
        this.#size = width;
        const { height, fromZero = false, logScale } = this.#options;
        const { theme, range, pointed, zoomed } = this.#shared;
        this.#plot = createPlot(this.#place, {
          ...{ theme: theme(), curves: this.#curves, width, height, fromZero, range },
          logScale: logScale?.() ?? false,
          dense: () => this.#dense,
          pointed: (step) => {
            if (this.#pointing) return;
            pointed(step);
          },
          zoomed,
          reset: () => zoomed(null),
        });
        this.#draw();
      },
      'drawing',
    );
  }

  /** Draws again after points or the visible range have changed. */
  update(): void {
    soon(`draw ${this.#options.id}`, () => this.#draw(), 'drawing');
    if (!this.#table.root.hidden) soon(`table ${this.#options.id}`, () => this.#fillTable());
  }

  /** Moves the cursor to a step, or removes it. */
  point(step: number | null): void {
    this.#cursor = step;
    if (this.#plot) {
      const left = step === null ? -10 : this.#plot.valToPos(step, 'x');
      this.#pointing = true;
      if (Math.abs((this.#plot.cursor.left ?? -10) - left) > 0.5)
        this.#plot.setCursor({ left, top: step === null ? -10 : 10 });
      this.#pointing = false;
    }
    this.#describe();
  }
  /** This class is moving the cursor, so ignore what uPlot reports about it. */
  #pointing = false;

  #resized(): void {
    const width = this.#place.clientWidth;
    if (width === this.#size || width === 0) return;
    if (!this.#plot) return this.rebuild();
    this.#size = width;
    soon(
      `size ${this.#options.id}`,
      () => {
        this.#plot?.setSize({ width, height: this.#options.height });
        this.#draw();
      },
      'drawing',
    );
  }

  #draw(): void {
    if (!this.#plot) return;
    const { data, dense } = plotted(this.#curves, this.#shared.range(), this.#size);
    this.#dense = dense;
    if (this.#options.logScale?.() === true) for (const line of data.slice(1)) positive(line);
    this.#plot.setData(data);
    this.#empty.hidden = data[0].length > 0;
    this.#describe();
  }

  #fillTable(): void {
    this.#table.fill(this.#curves, this.#shared.range());
  }

  /** Updates the text for screen readers and the line of values. */
  #describe(): void {
    const [from, to] = this.#shared.range();
    const step = Math.round(this.#cursor ?? to);
    const values = this.#curves.flatMap(({ label, series }) => {
      const value = series.at(this.#cursor);
      return value === undefined ? [] : [`${label} ${this.#options.format(value)}`];
    });
    const where = this.#cursor === null ? 'Latest' : `Step ${step.toLocaleString('en-US')}`;
    const text = values.length === 0 ? 'no steps yet' : `${where}: ${values.join(', ')}`;
    if (this.#options.readout) setText(this.#readout, values.length === 0 ? '' : text);
    // A screen reader reads the value where the person moves the cursor, not the points that come in meanwhile.
    if (this.#cursor === null && document.activeElement === this.#place && this.#place.hasAttribute('aria-valuenow'))
      return;
    setAttributes(this.#place, {
      'aria-valuemin': Math.floor(from),
      'aria-valuemax': Math.ceil(to),
      'aria-valuenow': Math.min(Math.ceil(to), Math.max(Math.floor(from), step)),
      'aria-valuetext': text,
    });
  }

  #key(event: KeyboardEvent): void {
    const move = moveBy(event, this.#curves.map(({ series }) => series), this.#shared.range(), this.#cursor); // prettier-ignore
    if (!move) return;
    event.preventDefault();
    if (move.zoom !== undefined) this.#shared.zoomed(move.zoom);
    if (move.step !== undefined) this.#shared.pointed(move.step);
  }
}

/** A logarithmic scale cannot show values that are not above zero. */
function positive(values: (number | null)[]): void {
  for (let i = 0; i < values.length; i++) if ((values[i] ?? 1) <= 0) values[i] = null;
}
