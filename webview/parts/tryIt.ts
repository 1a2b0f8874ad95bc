import type { FromPanel, ToPanel } from '../../daemon/protocol/panel.ts';
import type { HeldOutRow, Trial, TrialSide } from '../../daemon/protocol/trial.ts';
import { countWords, differences } from '../data/differences.ts';
import { action, button, element, setAttributes, setText } from '../dom.ts';
import { AnswerPart } from './answer.ts';
import { TrialOptions } from './trialOptions.ts';

type TrialMessage = Extract<ToPanel, { type: `trial${string}` }>;
export const isTrial = (message: ToPanel): message is TrialMessage => message.type.startsWith('trial');

export interface TryItOptions {
  readonly send: (message: FromPanel) => void;
  readonly copy: (text: string) => void;
  /** Read aloud by screen readers. */
  readonly say: (text: string) => void;
}

const SIDES: readonly TrialSide[] = ['base', 'adapter'];
const SPEAKERS: Readonly<Record<string, string>> = { system: 'System', user: 'User', assistant: 'Assistant' };

/** Try It: base and adapter answer one prompt side by side, beside the answer that the data expects. */
export class TryIt {
  readonly root: HTMLElement;
  readonly #options: TryItOptions;
  readonly #title = element('h2', { id: 'try-title' });
  readonly #limits = element('p', { class: 'message' });
  readonly #where = element('p', { class: 'facts', role: 'status' });
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #before = element('details', { class: 'try-before' });
  readonly #prompt = element('textarea', { id: 'try-prompt', rows: 5, spellcheck: 'false' });
  readonly #settings = new TrialOptions();
  readonly #ask: HTMLElement;
  readonly #stop: HTMLElement;
  readonly #again: HTMLElement;
  readonly #sides: Readonly<Record<TrialSide, AnswerPart>>;
  readonly #expected: AnswerPart;
  readonly #summary = element('p', { class: 'try-summary' });
  #trial: Trial | null = null;
  #row: HeldOutRow | null = null;
  #total = 0;
  #place = 0;
  #request = 0;
  readonly #open = new Set<TrialSide>();

  constructor(options: TryItOptions) {
    this.#options = options;
    const { copy, send } = options;
    this.#sides = { base: new AnswerPart('base', copy), adapter: new AnswerPart('adapter', copy) };
    this.#expected = new AnswerPart('expected', copy);
    this.#expected.title('Expected');
    this.#previous = action('Previous row', 'chevron-left', () => this.#move(-1));
    this.#next = action('Next row', 'chevron-right', () => this.#move(1));
    this.#ask = button('Ask both', () => this.#start(), { icon: 'play', primary: true });
    this.#stop = button('Stop', () => this.#end(), { icon: 'debug-stop' });
    this.#again = button('Again with another seed', () => this.#startAgain(), { icon: 'debug-restart' });
    const close = action('Close', 'close', () => send({ type: 'tryClose' }));
    close.setAttribute('aria-label', 'Close Try It');
    this.#prompt.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#start();
      }
    });
    this.#settings.changed = () => this.#showButtons();
    this.root = element(
      'section',
      { class: 'card try-it', 'aria-labelledby': 'try-title' },
      element('div', { class: 'heading' }, this.#title, close),
      this.#limits,
      element('div', { class: 'tools try-rows' }, this.#previous, this.#next, this.#where),
      this.#before,
      element('label', { for: 'try-prompt', class: 'label' }, 'Prompt'),
      this.#prompt,
      element(
        'div',
        { class: 'try-settings' },
        this.#settings.root,
        element(
          'div',
          { class: 'buttons', role: 'group', 'aria-label': 'Answers' },
          this.#ask,
          this.#stop,
          this.#again,
        ),
      ),
      element('div', { class: 'sides three' }, this.#sides.base.root, this.#sides.adapter.root, this.#expected.root),
      this.#summary,
    );
    this.root.hidden = true;
  }

  receive(message: TrialMessage): void {
    switch (message.type) {
      case 'trial':
        return this.#show(message.trial);
      case 'trialRow':
        return message.adapter === this.#trial?.adapter.id ? this.#showRow(message) : undefined;
      case 'trialText':
        return message.request === this.#request ? this.#sides[message.side].add(message.text) : undefined;
      case 'trialEnd':
        return message.request === this.#request ? this.#ended(message) : undefined;
    }
  }

  #show(trial: Trial | null): void {
    const isNew =
      trial !== null && (trial.adapter.id !== this.#trial?.adapter.id || trial.beside !== this.#trial.beside);
    this.#trial = trial;
    this.root.hidden = trial === null;
    if (trial === null) return this.#forget();
    const { adapter, base, beside } = trial;
    setText(this.#title, `Try it: ${beside === undefined ? '' : `${beside} and `}${adapter.name} on ${base}`);
    this.#limits.hidden = trial.limits.length === 0;
    setText(this.#limits, trial.limits.join(' '));
    this.#sides.base.title(beside === undefined ? `Base: ${base}` : `Adapter: ${beside}`);
    this.#sides.adapter.title(`Adapter: ${adapter.name}`);
    this.#settings.canChat(trial.chat);
    if (isNew) {
      this.#forget();
      this.#prompt.value = '';
      this.#settings.recommend(trial.temperature);
      this.#takeRow(null, 0);
      setText(this.#where, 'Looking for a held-out row...');
    }
    this.root.scrollIntoView({ block: 'nearest' });
    this.#prompt.focus();
    this.#showButtons();
  }

  /** No answer is under way, and none is shown. */
  #forget(): void {
    this.#request++;
    this.#open.clear();
    for (const side of SIDES) this.#sides[side].clear('');
    setText(this.#summary, '');
    this.#showButtons();
  }

  #showRow({ row, total, problem }: Extract<TrialMessage, { type: 'trialRow' }>): void {
    // The row that is shown already comes again when Try It is opened again: what the person typed and the answers stay.
    const shown = row !== null && row.place === this.#row?.place;
    this.#takeRow(row, total);
    const where = row === null ? '' : `Held-out row ${row.place + 1} of ${total} (${row.source})`;
    setText(this.#where, problem ?? where);
    if (row === null) return;
    this.#place = row.place;
    if (shown) return this.#showButtons();
    this.#forget();
    this.#prompt.value = row.prompt;
    this.#settings.chat = row.chat;
    this.#showButtons();
  }

  #takeRow(row: HeldOutRow | null, total: number): void {
    this.#row = row;
    this.#total = total;
    const before = row?.before ?? [];
    this.#before.hidden = before.length === 0;
    this.#before.replaceChildren(
      element('summary', {}, `Earlier messages: ${before.length}`),
      ...before.flatMap(({ role, content }) => [
        element('h4', {}, SPEAKERS[role] ?? role),
        element('pre', {}, content),
      ]),
    );
    this.#expected.root.hidden = row === null;
    if (row !== null) this.#expected.set(row.expected);
  }

  #move(by: number): void {
    const place = this.#place + by;
    if (this.#trial === null || place < 0 || place >= this.#total) return;
    this.#place = place;
    this.#end();
    this.#options.send({ type: 'trialRow', adapter: this.#trial.adapter.id, place });
    this.#showButtons();
  }

  #start(): void {
    const prompt = this.#prompt.value;
    if (this.#trial === null || prompt === '') return this.#prompt.focus();
    this.#forget();
    for (const side of SIDES) {
      this.#open.add(side);
      this.#sides[side].clear('Waiting for the first token...');
    }
    const { chat, sampling } = this.#settings;
    this.#options.send({
      ...{ type: 'try', request: this.#request, adapter: this.#trial.adapter.id, prompt, sampling },
      ...{ chat, before: chat ? (this.#row?.before ?? []) : [] },
    });
    this.#showButtons();
  }

  #startAgain(): void {
    this.#settings.otherSeed();
    this.#start();
  }

  #end(): void {
    if (this.#open.size > 0) this.#options.send({ type: 'tryStop', request: this.#request });
  }

  #ended({ side, end, error }: Extract<TrialMessage, { type: 'trialEnd' }>): void {
    this.#open.delete(side);
    const part = this.#sides[side];
    if (end !== null) part.end(end);
    else {
      part.clear('');
      part.fail(error);
    }
    if (this.#open.size === 0) this.#compare(end !== null);
    this.#showButtons();
  }

  /** Marks what differs, and says it in words. */
  #compare(answered: boolean): void {
    const [base, adapter] = [this.#sides.base.text, this.#sides.adapter.text];
    if (!answered || (base === '' && adapter === '')) return this.#options.say('No answer');
    const mine = differences(adapter, base);
    this.#sides.adapter.mark(mine);
    this.#sides.base.mark(differences(base, adapter));
    const { different, all } = countWords(mine);
    const { beside, adapter: { name } = { name: '' } } = this.#trial ?? {};
    const between =
      adapter === base
        ? 'Both answers are the same.'
        : `Of the ${beside === undefined ? "adapter's " : ''}${all} words${beside === undefined ? '' : ` of ${name}`}, ${different} ${different === 1 ? 'differs' : 'differ'} from the ${beside === undefined ? "base's answer" : `answer of ${beside}`} (marked).`;
    const text = `${between}${this.#asExpected()}`;
    setText(this.#summary, text);
    this.#options.say(`Both have answered. ${text}`);
  }

  /** A sentence on who gave the expected answer, where the row's own prompt was asked. */
  #asExpected(): string {
    if (this.#row === null || this.#prompt.value !== this.#row.prompt) return '';
    const expected = this.#row.expected.trim();
    const right = SIDES.filter((side) => this.#sides[side].text.trim() === expected);
    if (right.length === 0) return ' Neither is exactly the expected one.';
    return right.length === 2
      ? ' Both are exactly the expected one.'
      : ` The ${right[0]!} gave exactly the expected one.`;
  }

  #showButtons(): void {
    const busy = this.#open.size > 0;
    this.#previous.disabled = this.#place <= 0 || this.#total === 0;
    this.#next.disabled = this.#place + 1 >= this.#total;
    // A button that is hidden would lose the focus: the other one takes it.
    const focused = this.#ask === document.activeElement || this.#stop === document.activeElement;
    this.#ask.hidden = busy;
    this.#stop.hidden = !busy;
    if (focused) (busy ? this.#stop : this.#ask).focus();
    this.#again.hidden = this.#settings.sampling.temperature === 0;
    setAttributes(this.#again, { disabled: busy });
  }
}
