import { element } from '../dom.ts';
import type { PanelState } from '../state.ts';

/** Every setting of the run, in a section that a person can open. */
export class Settings {
  readonly root = element('details', { class: 'card settings' });
  readonly #list = element('dl', {});
  #shown = '';

  constructor() {
    this.root.append(element('summary', {}, 'Settings of this run'), this.#list);
  }

  show(state: PanelState): void {
    const settings = state.focus?.run.settings ?? [];
    this.root.hidden = settings.length === 0;
    const signature = JSON.stringify(settings);
    if (signature === this.#shown) return;
    this.#shown = signature;
    this.#list.replaceChildren(
      ...settings.map(({ name, value }) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    );
  }
}
