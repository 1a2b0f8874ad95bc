import { JOB_STATES } from '../../daemon/protocol/jobStates.ts';
import { commandsOf } from '../../daemon/protocol/panelCommands.ts';
import type { PanelRun, RunCommand } from '../../daemon/protocol/panel.ts';
import { button, element, icon, setAttributes, setText } from '../dom.ts';
import { duration, figure, tick, whole } from '../format.ts';
import type { PanelState, RunState } from '../state.ts';
import { reducedMotion } from '../theme.ts';

const COMMANDS: Readonly<Record<RunCommand, readonly [label: string, icon: string]>> = {
  pause: ['Pause', 'debug-pause'],
  resume: ['Resume', 'debug-continue'],
  retry: ['Try again', 'debug-restart'],
  stop: ['Cancel', 'debug-stop'],
  activate: ['Activate', 'pass'],
  deactivate: ['Deactivate', 'circle-slash'],
  tryIt: ['Try it...', 'beaker'],
  merge: ['Merge...', 'git-merge'],
  export: ['Export...', 'export'],
  runAgain: ['Run again with changes...', 'debug-rerun'],
  openFolder: ['Open folder', 'folder-opened'],
};

/** The run in focus: its name, state, figures and buttons. */
export class Header {
  readonly root = element('header', { class: 'run-header' });
  readonly #title = element('h1', {});
  readonly #state = element('span', { class: 'state' });
  readonly #active = element('span', { class: 'active-mark' }, icon('pass-filled'), 'Active');
  readonly #facts = element('p', { class: 'facts' });
  readonly #buttons = element('div', { class: 'buttons', role: 'group', 'aria-label': 'Run' });
  readonly #error = element('div', { class: 'message error', role: 'alert' });
  readonly #note = element('p', { class: 'message note' });
  readonly #verdict = element('p', { class: 'verdict' });
  readonly #bar = element('vscode-progress-bar', { 'aria-label': 'Progress' });
  readonly #figures = element('dl', { class: 'figures' });
  readonly #command: (command: RunCommand, run: string, done: (error: string | null) => void) => void;
  readonly #busy = new Set<string>();
  readonly #made = new Map<RunCommand, HTMLElement>();
  #shown = '';
  #failures = new Map<string, string>();
  #latest: PanelState | undefined;

  constructor(command: (command: RunCommand, run: string, done: (error: string | null) => void) => void) {
    this.#command = command;
    this.root.append(
      element(
        'div',
        { class: 'title-row' },
        element('div', { class: 'title' }, this.#title, this.#state, this.#active),
        this.#buttons,
      ),
      this.#facts,
      this.#error,
      this.#note,
      this.#bar,
      this.#verdict,
      this.#figures,
    );
  }

  show(state: PanelState): void {
    this.#latest = state;
    const focus = state.focus;
    this.root.hidden = !focus;
    if (!focus) return;
    const { run } = focus;
    setText(this.#title, run.title);
    const { label, icon: name } = JOB_STATES[run.state];
    if (this.#state.textContent !== label) this.#state.replaceChildren(icon(name), label);
    setAttributes(this.#state, { 'data-state': run.state });
    this.#active.hidden = !run.adapter || run.adapter.id !== state.active?.id;
    setText(
      this.#facts,
      [run.base, run.data, run.rank === null ? run.method : `${run.method}, rank ${run.rank}`].join('  ·  '),
    );
    const failure = this.#failures.get(run.key) ?? run.error?.message;
    this.#error.hidden = failure === undefined;
    setText(this.#error, failure ?? '');
    const note = run.state === 'queued' ? run.waitingFor : run.state === 'running' ? doing(run.progress) : undefined;
    this.#note.hidden = !note;
    setText(this.#note, note ?? '');
    const { verdict } = run;
    this.#verdict.hidden = !verdict;
    setText(this.#verdict, verdict?.sentence ?? '');
    setAttributes(this.#verdict, { 'data-outcome': verdict?.outcome });
    this.#showButtons(state, focus);
    this.#showProgress(focus);
  }

  #showButtons(state: PanelState, { run }: RunState): void {
    const commands = commandsOf(run, state.active?.id ?? null);
    const signature = JSON.stringify([run.key, commands, [...this.#busy]]);
    if (signature === this.#shown) return;
    this.#shown = signature;
    const primary = commands.find((name) => ['resume', 'activate', 'retry'].includes(name));
    const focused = [...this.#buttons.children].indexOf(document.activeElement as Element);
    for (const [name, made] of this.#made) if (!commands.includes(name)) made.remove();
    commands.forEach((name, i) => {
      const made = this.#button(name);
      const busy = this.#busy.has(`${run.key} ${name}`);
      setAttributes(made, {
        secondary: name !== primary,
        'aria-busy': busy ? 'true' : undefined,
        'aria-disabled': busy ? 'true' : undefined,
      });
      // Do not move a button that stays, because it would lose the focus.
      if (this.#buttons.children[i] !== made) this.#buttons.insertBefore(made, this.#buttons.children[i] ?? null);
    });
    // If the button with the focus was removed, keep the focus among the buttons.
    if (focused >= 0 && !this.#buttons.contains(document.activeElement)) {
      const next = this.#buttons.children[Math.min(focused, commands.length - 1)] as HTMLElement | undefined;
      // A new element can take the focus only after it is drawn.
      requestAnimationFrame(() => next?.focus());
    }
  }

  #button(name: RunCommand): HTMLElement {
    const known = this.#made.get(name);
    if (known) return known;
    const [label, iconName] = COMMANDS[name];
    const made = button(label, () => {
      const run = this.#latest?.focus?.run;
      if (run) this.#press(name, run.key);
    }, { icon: iconName }); // prettier-ignore
    made.dataset['command'] = name;
    this.#made.set(name, made);
    return made;
  }

  #press(command: RunCommand, run: string): void {
    const name = `${run} ${command}`;
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    this.#failures.delete(run);
    this.#command(command, run, (error) => {
      this.#busy.delete(name);
      if (error !== null) this.#failures.set(run, error);
      if (this.#latest) this.show(this.#latest);
    });
    if (this.#latest) this.show(this.#latest);
  }

  #showProgress({ run, data }: RunState): void {
    const { progress } = run;
    const { steps, fraction } = progress;
    const live = run.state === 'running' || run.state === 'pausing' || run.state === 'cancelling';
    // Points come more often than states of the run, so show the step of the last drawn point.
    const step = live && data.lastStep > 0 ? data.lastStep : progress.step;
    const part = fraction ?? (step !== undefined && steps ? step / steps : undefined);
    this.#bar.hidden = !live && run.state !== 'paused';
    // An indeterminate progress bar is the only movement here. Without it, the line of text says the same.
    setAttributes(this.#bar, {
      value: part === undefined ? (reducedMotion() ? 0 : undefined) : Math.round(part * 1000) / 10,
    });
    const last = (name: 'loss' | 'heldOutLoss' | 'learningRate' | 'gradientNorm'): number | undefined => {
      const series = data.series[name];
      return series.length === 0 ? undefined : series.value(series.length - 1);
    };
    const heldOut = last('heldOutLoss') ?? progress.heldOutLoss;
    const gain = heldOut === undefined || run.baseHeldOutLoss === null ? undefined : heldOut - run.baseHeldOutLoss;
    const entries: [string, string, (string | undefined)?][] = [
      [
        'Step',
        step === undefined
          ? '–'
          : steps
            ? `${step.toLocaleString('en-US')} of ${steps.toLocaleString('en-US')}`
            : step.toLocaleString('en-US'),
      ],
      [
        'Train loss',
        figure(smoothedLast(data) ?? progress.loss),
        smoothedLast(data) === undefined ? undefined : 'smoothed',
      ],
      ['Held-out loss', figure(heldOut), gain === undefined ? undefined : gainText(gain, run.baseHeldOutLoss)],
      ['Tokens per second', whole(progress.tokensPerSecond)],
      live
        ? ['Time left', duration(progress.secondsLeft)]
        : [
            'Took',
            run.startedAt !== null && run.endedAt !== null ? duration((run.endedAt - run.startedAt) / 1000) : '–',
          ],
      ['Learning rate', tick(last('learningRate'))],
      ['Gradient norm', figure(last('gradientNorm'))],
    ];
    if (this.#figures.children.length !== entries.length)
      this.#figures.replaceChildren(
        ...entries.map(() =>
          element(
            'div',
            {},
            element('dt', {}),
            element('dd', {}, element('span', { class: 'value' }), element('span', { class: 'aside' })),
          ),
        ),
      );
    entries.forEach(([name, value, aside], i) => {
      const entry = this.#figures.children[i]!;
      setText(entry.querySelector('dt')!, name);
      setText(entry.querySelector('.value')!, value);
      setText(entry.querySelector('.aside')!, aside ?? '');
    });
  }
}

/** What is done now, and what there is to know of it. */
const doing = ({ text, note }: PanelRun['progress']): string =>
  [text, note].filter((part) => part !== undefined && part !== '').join('  ·  ');

/** How much lower than the base's a loss is: in parts of it, which say more than a difference. */
function gainText(gain: number, base: number | null): string {
  const percent = base === null || base === 0 ? 0 : (100 * Math.abs(gain)) / base;
  const size = percent >= 10 ? percent.toFixed(0) : percent.toFixed(1);
  return `${size}% ${gain <= 0 ? 'lower' : 'higher'} than the base`;
}

const smoothedLast = ({ smoothed: { points } }: RunState['data']): number | undefined =>
  points.length === 0 ? undefined : points.value(points.length - 1);
