import type { Sample } from '../../daemon/protocol/panel.ts';
import { action, element, setText } from '../dom.ts';
import type { PanelState } from '../state.ts';

/** Most characters of a text that are shown, for a model that never stops. */
const MOST = 20_000;

/** What the model wrote before and after training, side by side. It is always shown as text, whatever it looks like. */
export class Samples {
  readonly root: HTMLElement;
  readonly #list = element('div', { class: 'samples-list' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #copy: (text: string) => void;
  #shown: Sample[] | undefined;

  constructor(copy: (text: string) => void) {
    this.#copy = copy;
    this.root = element(
      'section',
      { class: 'card samples', 'aria-labelledby': 'samples-title' },
      element('div', { class: 'heading' }, element('h2', { id: 'samples-title' }, 'Samples before and after')),
      this.#empty,
      this.#list,
    );
  }

  show(state: PanelState): void {
    const samples = state.focus?.samples;
    setText(this.#empty, 'The model writes samples before the first step and after the last.');
    this.#empty.hidden = (samples?.length ?? 0) > 0;
    if (samples === this.#shown) return;
    this.#shown = samples;
    this.#list.replaceChildren(...(samples ?? []).map((sample, i) => this.#one(sample, i)));
  }

  #one({ prompt, before, after }: Sample, i: number): HTMLElement {
    return element(
      'article',
      { class: 'sample', 'aria-label': `Sample ${i + 1}` },
      element('h3', {}, 'Prompt'),
      element('pre', { class: 'prompt' }, prompt.slice(0, MOST)),
      element('div', { class: 'sides' }, this.#side('Before', before, i), this.#side('After', after, i)),
    );
  }

  #side(name: string, text: string | null, i: number): HTMLElement {
    const heading = element('div', { class: 'heading' }, element('h4', {}, name));
    if (text !== null) {
      const copy = action('Copy', 'copy', () => this.#copy(text));
      copy.setAttribute('aria-label', `Copy sample ${i + 1}, ${name.toLowerCase()}`);
      heading.append(copy);
    }
    const body =
      text === null
        ? element('p', { class: 'empty' }, 'Not yet.')
        : element('pre', {}, text === '' ? '(nothing)' : text.slice(0, MOST));
    return element('div', { class: `side ${name.toLowerCase()}` }, heading, body);
  }
}
