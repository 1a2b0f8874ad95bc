import type { CompletionReport } from '../daemon/protocol/completionReport.ts';
import type { Columns } from '../daemon/protocol/metrics.ts';
import type {
  Learned,
  PanelCompletions,
  PanelRun,
  Sample,
  Savings,
  ToPanel,
  ViewState,
} from '../daemon/protocol/panel.ts';
import { RunData } from './data/runData.ts';
import { soon } from './frames.ts';

const FIRST_VIEW: ViewState = {
  focus: null,
  hidden: [],
  shown: [],
  zoom: null,
  logScale: false,
  raw: true,
  smoothed: true,
  smoothing: 0.9,
  tables: [],
  adapters: 1,
  heat: 'b',
};

/** Rows that are added at once; this takes about a millisecond. */
const ROWS_AT_ONCE = 1000;

export interface RunState {
  run: PanelRun;
  readonly data: RunData;
  savings?: Savings;
  learned?: Learned;
  samples?: Sample[];
  evaluation?: CompletionReport;
  completions?: PanelCompletions;
}

export type Change =
  | 'runs'
  | 'metrics'
  | 'savings'
  | 'learned'
  | 'samples'
  | 'evaluation'
  | 'completions'
  | 'active'
  | 'connection'
  | 'view'
  | 'zoom';

/** Messages about runs; those of Try It have a part of their own. */
type StateMessage = Exclude<ToPanel, { type: `trial${string}` }>;

/** The data that the panel received, and what a person chose to see. */
export class PanelState {
  readonly runs = new Map<string, RunState>();
  readonly view: ViewState;
  active: { id: number; name: string } | null = null;
  connection: 'connected' | 'connecting' | 'failed' = 'connecting';
  connectionMessage: string | null = null;
  /** False until the extension has sent the first state. */
  told = false;
  readonly #changed: (change: Change) => void;
  readonly #keep: (view: ViewState) => void;
  #rows: { run: string; columns: Columns; from: number }[] = [];
  #viewIsOwn: boolean;

  constructor(kept: Partial<ViewState> | null, changed: (change: Change) => void, keep: (view: ViewState) => void) {
    this.view = { ...FIRST_VIEW, ...kept };
    this.#viewIsOwn = kept !== null;
    this.#changed = changed;
    this.#keep = keep;
  }

  receive(message: StateMessage): void {
    switch (message.type) {
      case 'state':
        return this.#take(message);
      case 'run':
        this.#put(message.run);
        return this.#changed('runs');
      case 'metrics': {
        const state = this.runs.get(message.run);
        if (!state) return;
        if (message.reset) this.#empty(message.run, state);
        this.#rows.push({ run: message.run, columns: message.columns, from: 0 });
        return soon('rows', () => this.#takeRows());
      }
      case 'savings':
      case 'learned':
      case 'evaluation':
      case 'samples':
      case 'completions': {
        const state = this.runs.get(message.run);
        if (!state) return;
        if (message.type === 'savings') state.savings = message.savings;
        else if (message.type === 'learned') state.learned = message.learned;
        else if (message.type === 'samples') state.samples = message.samples;
        else if (message.type === 'evaluation') state.evaluation = message.report;
        else state.completions = message.completions;
        return this.#changed(message.type);
      }
      case 'active':
        this.active = message.active;
        return this.#changed('active');
      case 'connection':
        this.connection = message.connection;
        this.connectionMessage = message.message;
        return this.#changed('connection');
    }
  }

  /** The run whose buttons and figures are shown: the chosen one, or the newest. */
  get focus(): RunState | undefined {
    return this.runs.get(this.view.focus ?? '') ?? this.runs.values().next().value;
  }

  /** The run in focus with those on its data and base, since other losses cannot be compared; and as a person ticked. */
  get visible(): RunState[] {
    const focus = this.focus?.run;
    const { hidden, shown } = this.view;
    return [...this.runs.values()].filter(({ run }) =>
      run.kin === focus?.kin && run.base === focus?.base && run.data === focus.data
        ? !hidden.includes(run.key)
        : shown.includes(run.key),
    );
  }

  /** Number of a run, which it keeps. It decides the colour and the mark. */
  place(key: string): number {
    return Number(/\d+$/.exec(key)?.[0] ?? 0);
  }

  choose(choice: Partial<ViewState>): void {
    Object.assign(this.view, choice);
    if (choice.smoothing !== undefined)
      for (const { data } of this.runs.values()) data.smoothed.weight = choice.smoothing;
    this.#viewIsOwn = true;
    this.#keep(this.view);
    this.#changed('zoom' in choice ? 'zoom' : 'view');
  }

  /** The range of steps of all visible runs, or the zoomed range. */
  get range(): [number, number] {
    if (this.view.zoom) return this.view.zoom;
    const shown = this.visible.filter(({ data }) => data.firstStep !== Infinity);
    const first = Math.min(...shown.map(({ data }) => data.firstStep));
    const last = Math.max(...shown.map(({ data }) => data.lastStep));
    // The axis of a run at work stands still: it ends where the run will end.
    const focus = this.focus?.run;
    const planned = focus?.state === 'running' ? (focus.progress.steps ?? 0) : 0;
    return shown.length === 0 ? [0, 1] : [first, Math.max(last, planned, first + 1)];
  }

  #take(message: ToPanel & { type: 'state' }): void {
    const keys = new Set(message.runs.map(({ key }) => key));
    const known = new Map(this.runs);
    this.runs.clear();
    this.#rows = this.#rows.filter(({ run }) => keys.has(run));
    for (const run of message.runs) {
      const state = known.get(run.key);
      if (state) this.runs.set(run.key, Object.assign(state, { run }));
      else this.#put(run);
    }
    this.active = message.active;
    this.connection = message.connection;
    this.connectionMessage = null;
    if (!this.#viewIsOwn && message.view) Object.assign(this.view, message.view);
    this.told = true;
    this.#changed('runs');
  }

  #put(run: PanelRun): void {
    const state = this.runs.get(run.key);
    if (state) state.run = run;
    else this.runs.set(run.key, { run, data: new RunData(this.view.smoothing) });
  }

  #empty(key: string, state: RunState): void {
    this.#rows = this.#rows.filter(({ run }) => run !== key);
    state.data.clear();
  }

  #takeRows(): boolean {
    for (let left = ROWS_AT_ONCE; left > 0 && this.#rows.length > 0;) {
      const rows = this.#rows[0]!;
      const end = Math.min(rows.columns.step.length, rows.from + left);
      this.runs.get(rows.run)?.data.append(rows.columns, rows.from, end);
      left -= Math.max(1, end - rows.from); // even a message without rows takes some time
      rows.from = end;
      if (end === rows.columns.step.length) this.#rows.shift();
    }
    this.#changed('metrics');
    return this.#rows.length > 0;
  }
}
