import type { CompletionsCommand, PanelCompletions } from '../../daemon/protocol/panel.ts';
import { action, element, setAttributes, setText } from '../dom.ts';
import { duration, whole } from '../format.ts';
import type { PanelState } from '../state.ts';

const BUTTONS: Readonly<Record<CompletionsCommand, readonly [label: string, icon: string]>> = {
  pause: ['Pause counting', 'debug-pause'],
  resume: ['Resume counting', 'debug-continue'],
  texts: ['Show stored texts', 'list-unordered'],
  forget: ['Delete all...', 'trash'],
};

/** What became of the completions of this run's adapter: shown, accepted, kept. */
export class Completions {
  readonly root: HTMLElement;
  readonly #headline = element('p', { class: 'headline' });
  readonly #figures = element('dl', { class: 'figures' });
  readonly #privacy = element('p', { class: 'facts' });
  readonly #error = element('div', { class: 'message error', role: 'alert' });
  readonly #buttons = element('div', { class: 'tools', role: 'group', 'aria-label': 'Completions' });
  readonly #made = new Map<CompletionsCommand, HTMLElement>();

  /** command: does what a button says; `done` is called with the error, if any. */
  constructor(command: (command: CompletionsCommand, done: (error: string | null) => void) => void) {
    this.#error.hidden = true;
    for (const name of Object.keys(BUTTONS) as CompletionsCommand[]) {
      const [label, icon] = BUTTONS[name];
      const press = (): void =>
        command(name, (error) => {
          this.#error.hidden = error === null;
          setText(this.#error, error ?? '');
        });
      const made = action(label, icon, press);
      made.dataset['completions'] = name;
      this.#made.set(name, made);
      this.#buttons.append(made);
    }
    this.root = element(
      'section',
      { class: 'card completions', 'aria-labelledby': 'completions-title' },
      element('div', { class: 'heading' }, element('h2', { id: 'completions-title' }, 'Completions'), this.#buttons),
      this.#headline,
      this.#figures,
      this.#privacy,
      this.#error,
    );
  }

  show(state: PanelState): void {
    const focus = state.focus;
    const known = focus?.completions;
    setText(this.#headline, focus?.run.adapter ? sentence(known) : NO_ADAPTER);
    setText(this.#privacy, known === undefined ? '' : privacy(known));
    this.#figures.hidden = known === undefined || known.counts.shown === 0;
    if (known !== undefined) this.#showFigures(known);
    const wanted: Readonly<Record<CompletionsCommand, boolean>> = {
      pause: known?.counting === true,
      resume: known?.counting === false,
      texts: (known?.texts ?? 0) > 0,
      forget: known !== undefined && known.counts.shown + known.texts > 0,
    };
    for (const [name, made] of this.#made) setAttributes(made, { hidden: !wanted[name] });
  }

  #showFigures({ counts }: PanelCompletions): void {
    const { shown, accepted, partly, shownCharacters, acceptedCharacters, latencyMs } = counts;
    const kept = latestKept(counts);
    const inPart = partly === 0 ? undefined : `${whole(partly)} of them in part`;
    const slow = latencyMs === null ? undefined : `95 of 100 within ${ms(latencyMs.p95)}`;
    const entries: [name: string, value: string, aside: string | undefined][] = [
      ['Shown', whole(shown), undefined],
      ['Accepted', whole(accepted + partly), inPart],
      ['Characters accepted', whole(acceptedCharacters), `of ${whole(shownCharacters)} shown`],
      ['Kept', kept === undefined ? '–' : percent(kept.characters, kept.of), kept && `after ${kept.time}`],
      ['Median latency', ms(latencyMs?.p50), slow],
    ];
    this.#figures.replaceChildren(
      ...entries.map(([name, value, aside]) =>
        element(
          'div',
          {},
          element('dt', {}, name),
          element(
            'dd',
            {},
            element('span', { class: 'value' }, value),
            aside === undefined ? undefined : element('span', { class: 'aside' }, aside),
          ),
        ),
      ),
    );
  }
}

type Counts = PanelCompletions['counts'];

const NO_ADAPTER = 'When the run has made an adapter, this shows what becomes of its completions in the editor.';
const NONE = 'No completion of this adapter was shown yet. Activate the adapter and type in a file.';

function sentence(known: PanelCompletions | undefined): string {
  if (known === undefined) return 'Counts are being read.';
  const { shown, accepted, partly, acceptedCharacters } = known.counts;
  if (shown === 0) return NONE;
  const taken = accepted + partly;
  if (taken === 0 && acceptedCharacters > 0) return 'A part of a completion was accepted, and its rest is still shown.';
  const kept = latestKept(known.counts);
  const still =
    kept === undefined
      ? ''
      : ` After ${kept.time}, ${percent(kept.characters, kept.of)} of the accepted characters were still there.`;
  return `${taken === 0 ? 'None' : whole(taken)} of ${whole(shown)} ${shown === 1 ? 'completion' : 'completions'} ${taken === 1 || shown === 1 ? 'was' : 'were'} accepted.${still}`;
}

function privacy({ counting, texts }: PanelCompletions): string {
  const paused = counting ? '' : 'Counting is paused. ';
  const stored =
    texts === 0 ? 'No texts are stored.' : `${whole(texts)} ${texts === 1 ? 'text is' : 'texts are'} stored.`;
  return `${paused}${stored} Counts and texts stay on this machine.`;
}

/** The latest measurement of what is kept that any accepted text has reached. */
function latestKept({ kept }: Counts): { of: number; characters: number; time: string } | undefined {
  const last = kept.findLast(({ of }) => of > 0);
  return last && { ...last, time: last.seconds < 60 ? `${last.seconds} seconds` : duration(last.seconds) };
}

const percent = (part: number, all: number): string => `${Math.round((100 * part) / all)} %`;
const ms = (milliseconds: number | undefined): string =>
  milliseconds === undefined
    ? '–'
    : milliseconds < 1000
      ? `${Math.round(milliseconds)} ms`
      : `${(milliseconds / 1000).toFixed(1)} s`;
