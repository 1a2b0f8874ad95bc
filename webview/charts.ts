import { DRAWN, factsOfMetric } from '../daemon/protocol/metrics.ts';
import { Chart, type Shared } from './chart/chart.ts';
import type { Curve } from './chart/curve.ts';
import { KEYS_HELP } from './chart/keys.ts';
import { action, element, toggle } from './dom.ts';
import { figure, whole } from './format.ts';
import { RunsTable } from './parts/runsTable.ts';
import { letter } from './parts/letter.ts';
import type { PanelState, RunState } from './state.ts';
import { readTheme, type Theme } from './theme.ts';

/** Metrics with a chart of their own. */
const SMALL = DRAWN.filter((name) => factsOfMetric(name).chart === 'own');

/** The charts and the table of runs. They share the range and the cursor. */
export class Charts {
  readonly root: HTMLElement;
  readonly #state: PanelState;
  readonly #all: Chart[];
  readonly #runs: RunsTable;
  readonly #reset: HTMLButtonElement;
  #theme: Theme = readTheme();
  #cursor: number | null = null;

  constructor(state: PanelState, copy: (text: string) => void) {
    this.#state = state;
    const shared: Shared = {
      theme: () => this.#theme,
      range: () => state.range,
      zoomed: (zoom) => state.choose({ zoom: zoom && clamped(zoom, state) }),
      pointed: (step) => this.#point(step),
      copy,
    };
    const table = (id: string): { open: boolean; changed: (open: boolean) => void } => ({
      open: state.view.tables.includes(id),
      changed: (open) =>
        state.choose({ tables: [...state.view.tables.filter((name) => name !== id), ...(open ? [id] : [])] }),
    });
    const loss = new Chart(
      {
        ...{ id: 'loss', title: 'Loss', height: 300, format: figure, readout: false, table: table('loss') },
        curves: () => state.visible.flatMap((run) => this.#lossCurves(run)),
        logScale: () => state.view.logScale,
      },
      shared,
    );
    const small = SMALL.map((name) => {
      const { label: title, noisy = false, digits } = factsOfMetric(name);
      const format = digits === 'whole' ? whole : figure;
      return new Chart(
        {
          ...{ id: name, title, height: 130, format, readout: true, fromZero: true, table: table(name) },
          curves: () =>
            state.visible.map((run) => ({
              ...this.#look(run),
              label: this.#letter(run),
              noisy,
              series: run.data.series[name],
              width: 1.5,
            })),
        },
        shared,
      );
    });
    this.#all = [loss, ...small];
    this.#runs = new RunsTable(state, () => this.#theme.runs);
    this.#reset = action('Show all', 'screen-full', () => state.choose({ zoom: null }));
    loss.tools.prepend(...this.#lossTools(), this.#reset);
    this.root = element(
      'section',
      { class: 'card curves', 'aria-labelledby': 'curves-title' },
      element('h2', { id: 'curves-title', class: 'visually-hidden' }, 'Curves'),
      element('p', { id: 'chart-keys', class: 'visually-hidden' }, KEYS_HELP),
      loss.root,
      this.#runs.root,
      element('div', { class: 'small-charts' }, ...small.map(({ root }) => root)),
    );
    this.changed();
  }

  /** Called when lines were added, removed, or are drawn in another way. */
  changed(): void {
    for (const chart of this.#all) chart.rebuild();
    this.update();
  }

  /** Called when points or the range have changed. */
  update(): void {
    for (const chart of this.#all) chart.update();
    this.#runs.show(this.#cursor);
    this.#reset.disabled = this.#state.view.zoom === null;
  }

  retheme(): void {
    this.#theme = readTheme();
    this.changed();
  }

  showRuns(): void {
    this.#runs.show(this.#cursor);
  }

  #point(step: number | null): void {
    this.#cursor = step === null ? null : Math.round(step);
    for (const chart of this.#all) chart.point(this.#cursor);
    this.#runs.show(this.#cursor);
  }

  #letter({ run }: RunState): string {
    return letter(this.#state.place(run.key));
  }

  #look(run: RunState): Pick<Curve, 'colour' | 'mark'> {
    const place = this.#state.place(run.run.key);
    const { runs, foreground } = this.#theme;
    return { colour: runs[place % runs.length] ?? foreground, mark: letter(place) };
  }

  /** The order of lines: raw behind smoothed, held-out in front. */
  #lossCurves(run: RunState): Curve[] {
    const { raw, smoothed } = this.#state.view;
    const name = this.#letter(run);
    const look = this.#look(run);
    const { colour } = look;
    const { series, smoothed: average } = run.data;
    return [
      ...(raw
        ? [
            {
              label: `${name} train`,
              noisy: true,
              series: series.loss,
              colour,
              width: 1,
              strength: smoothed ? (this.#theme.highContrast ? 0.45 : 0.3) : 1,
              ...(smoothed ? {} : { mark: name }),
            },
          ]
        : []),
      ...(smoothed ? [{ ...look, label: `${name} smoothed`, series: average.points, width: 2 }] : []),
      {
        label: `${name} held-out`,
        series: series.heldOutLoss,
        colour,
        width: 1.5,
        dash: [5, 4],
        dots: true,
      },
    ];
  }

  #lossTools(): HTMLElement[] {
    const { view } = this.#state;
    const slider = element('input', {
      type: 'range',
      min: 0,
      max: 0.99,
      step: 0.01,
      value: view.smoothing,
      'aria-label': 'Smoothing',
      title: 'Smoothing',
    });
    slider.addEventListener('input', () => this.#state.choose({ smoothing: Number(slider.value) }));
    return [
      toggle('Raw', view.raw, (raw) => this.#state.choose({ raw })),
      toggle('Smoothed', view.smoothed, (smoothed) => this.#state.choose({ smoothed })),
      slider,
      toggle('Log scale', view.logScale, (logScale) => this.#state.choose({ logScale })),
    ];
  }
}

const LEAST_ZOOM = 4; // steps

/** Limits a range to the existing steps; null for all of them. */
function clamped([from, to]: [number, number], state: PanelState): [number, number] | null {
  const zoom = state.view.zoom;
  state.view.zoom = null;
  const [first, last] = state.range;
  state.view.zoom = zoom;
  const start = Math.max(first, Math.min(from, last - LEAST_ZOOM));
  const end = Math.min(last, Math.max(to, start + LEAST_ZOOM));
  return start <= first && end >= last ? null : [start, end];
}
