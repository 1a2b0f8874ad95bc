/** The panel: connects messages, state and parts. */
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { JOB_STATES } from '../daemon/protocol/jobStates.ts';
import { Charts } from './charts.ts';
import { element, setText } from './dom.ts';
import { soon } from './frames.ts';
import { connect } from './host.ts';
import { Announcer } from './parts/announcer.ts';
import { Completions } from './parts/completions.ts';
import { Evaluation } from './parts/evaluation.ts';
import { Header } from './parts/header.ts';
import { HeatMap } from './parts/heatMap.ts';
import { Samples } from './parts/samples.ts';
import { SavingsPart } from './parts/savings.ts';
import { Settings } from './parts/settings.ts';
import { isTrial, TryIt } from './parts/tryIt.ts';
import { type Change, PanelState } from './state.ts';
import { onTheme } from './theme.ts';

const root = document.getElementById('panel');
if (!root) throw new Error('the page has no place for the panel');

const host = connect((message) => (isTrial(message) ? tryIt.receive(message) : state.receive(message)));
const state = new PanelState(
  host.kept,
  (change) => changed(change),
  (view) => host.keep(view),
);
const copy = (text: string): void => {
  host.send({ type: 'copy', text });
  announcer.say('Copied');
};
const announcer = new Announcer();
const header = new Header((command, run, done) => host.command(command, run, done));
const tryIt = new TryIt({ send: (message) => host.send(message), copy, say: (text) => announcer.say(text) });
const charts = new Charts(state, copy);
const savings = new SavingsPart(state);
const heatMap = new HeatMap(state);
const samples = new Samples(copy);
const evaluation = new Evaluation((run, done) => host.evaluate(run, done));
const completions = new Completions((command, done) => host.completions(command, done));
const settings = new Settings();
const connection = element('div', { class: 'message', role: 'alert' });
const empty = element(
  'div',
  { class: 'welcome' },
  element('h1', {}, 'No training yet'),
  element(
    'p',
    {},
    'Right-click a dataset or a folder of code in the explorer and choose “Fine-tune with VeRA...”. What it learns appears here.',
  ),
);
const loading = element('p', { class: 'welcome', role: 'status' }, 'Looking for runs...');
const content = element(
  'main',
  {},
  connection,
  loading,
  empty,
  header.root,
  tryIt.root,
  charts.root,
  element('div', { class: 'columns' }, savings.root, heatMap.root),
  samples.root,
  evaluation.root,
  completions.root,
  settings.root,
);
root.append(content, announcer.root);

/** The last known states, so that a screen reader reads only changes. */
const told = new Map<string, string>();
/** The values that decide which lines are drawn. */
let lines = '';
/** Key of the run that was shown last. */
let focused = '';

function changed(change: Change): void {
  if (change === 'zoom') return soon('zoom', () => charts.update());
  if (change === 'metrics') return soon('points', () => points());
  soon('parts', () => show());
}

/** Updates only what depends on points, when only points have come. */
function points(): void {
  if (state.runs.size === 0) return;
  header.show(state);
  charts.update();
}

function show(): void {
  const none = state.runs.size === 0;
  loading.hidden = state.told;
  empty.hidden = !state.told || !none;
  for (const part of [header, charts, savings, heatMap, samples, evaluation, completions, settings])
    part.root.hidden = none;
  const problem = {
    connected: '',
    connecting: 'Waiting for the daemon...',
    failed: 'The daemon cannot be reached. Runs may continue; what you see may be out of date.',
  };
  const message = state.connectionMessage ?? (state.told ? problem[state.connection] : '');
  connection.hidden = message === '' || state.connection === 'connected';
  setText(connection, connection.hidden ? '' : message);
  if (none) return;
  const { key } = state.focus!.run;
  // Another run was chosen, perhaps far below: show what changed.
  if (focused !== '' && key !== focused) scrollTo({ top: 0 });
  focused = key;
  header.show(state);
  savings.show(state);
  heatMap.show(state);
  samples.show(state);
  evaluation.show(state);
  completions.show(state);
  settings.show(state);
  const { raw, smoothed, logScale } = state.view;
  const now = JSON.stringify([state.visible.map(({ run }) => run.key), raw, smoothed, logScale]);
  if (now !== lines) {
    lines = now;
    charts.changed();
  } else charts.update();
  announce();
}

function announce(): void {
  for (const { run } of state.runs.values()) {
    const { label: word } = JOB_STATES[run.state];
    const before = told.get(run.key);
    told.set(run.key, word);
    if (before !== undefined && before !== word) announcer.say(`${run.title}: ${word}`);
  }
  const run = state.focus?.run;
  if (run?.state !== 'running') return;
  const { step, steps, fraction } = run.progress;
  announcer.progress(run.title, fraction ?? (step !== undefined && steps ? step / steps : undefined));
}

const failed = (what: unknown): void =>
  host.send({
    type: 'failure',
    message: (what instanceof Error ? (what.stack ?? what.message) : String(what)).slice(0, 10_000),
  });
window.addEventListener('error', ({ error, message }) => failed(error ?? message));
window.addEventListener('unhandledrejection', ({ reason }) => failed(reason));

onTheme(() => charts.retheme());
show();
host.send({ type: 'ready' });
