import type { TrialEnd } from '../../daemon/protocol/trial.ts';
import { action, element, setText } from '../dom.ts';
import { tick, whole } from '../format.ts';
import { soon } from '../frames.ts';
import type { Piece } from '../data/differences.ts';

/** Most characters of an answer that are shown, for a model that never stops. */
const MOST = 100_000;

/** One answer of Try It: it grows while it is written. It is always shown as text, whatever it looks like. */
export class AnswerPart {
  readonly root: HTMLElement;
  readonly #name: string;
  readonly #title = element('h3', {});
  readonly #body = element('pre', { tabindex: '0' });
  readonly #facts = element('p', { class: 'facts' });
  readonly #error = element('div', { class: 'message error', role: 'alert' });
  readonly #copy: HTMLButtonElement;
  text = '';

  /** name: 'base', for ids and classes. */
  constructor(name: string, copy: (text: string) => void) {
    this.#name = name;
    this.#copy = action('Copy', 'copy', () => copy(this.text));
    this.#title.id = `try-${name}`;
    this.#body.setAttribute('aria-labelledby', this.#title.id);
    this.root = element(
      'div',
      { class: `side answer ${name}` },
      element('div', { class: 'heading' }, this.#title, this.#copy),
      this.#body,
      this.#error,
      this.#facts,
    );
    this.clear('');
  }

  title(text: string): void {
    setText(this.#title, text);
    this.#copy.setAttribute('aria-label', `Copy: ${text}`);
  }

  /** Empties it. `facts`: what is said instead of figures. */
  clear(facts: string): void {
    this.text = '';
    setText(this.#facts, facts);
    this.fail(null);
    this.#draw();
  }

  add(text: string): void {
    this.text += text;
    soon(`answer ${this.#name}`, () => this.#draw());
  }

  set(text: string): void {
    this.text = text;
    this.#draw();
  }

  fail(error: string | null): void {
    this.#error.hidden = error === null;
    setText(this.#error, error ?? '');
  }

  end({ reason, tokens, firstTokenMs, tokensPerSecond }: TrialEnd): void {
    const ends = { stop: '', length: 'ended at the limit', deadline: 'out of time', stopped: 'stopped' };
    const facts = [
      ...(firstTokenMs === null ? [] : [`first token after ${whole(Math.round(firstTokenMs))} ms`]),
      ...(tokensPerSecond === null ? [] : [`${tick(Number(tokensPerSecond.toPrecision(3)))} tokens/s`]),
      ...(firstTokenMs === null ? [] : [`${tokens} ${tokens === 1 ? 'token' : 'tokens'}`]),
      ends[reason],
    ];
    setText(this.#facts, facts.filter((fact) => fact !== '').join(' · '));
    this.#draw();
  }

  /** Marks the pieces that differ. */
  mark(pieces: readonly Piece[]): void {
    soon(`answer ${this.#name}`, () =>
      this.#body.replaceChildren(
        ...pieces.flatMap(({ text, same }) => {
          // The space before a word is not marked.
          const word = text.trimStart();
          const space = text.slice(0, text.length - word.length);
          return same || word === '' ? [text] : [space, element('span', { class: 'differs' }, word)];
        }),
      ),
    );
  }

  #draw(): void {
    this.#copy.disabled = this.text === '';
    setText(this.#body, this.text.slice(0, MOST));
  }
}
