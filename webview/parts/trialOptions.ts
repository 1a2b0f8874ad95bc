import type { TrialSampling } from '../../daemon/protocol/trial.ts';
import { MAX_TRIAL_TOKENS } from '../../daemon/protocol/trialLimits.ts';
import { element } from '../dom.ts';

interface Range {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly standard: number;
}
const RANGES = {
  temperature: { least: 0, most: 2, step: 0.1, standard: 0 },
  seed: { least: 0, most: 2 ** 32 - 1, step: 1, standard: 0 },
  maxTokens: { least: 1, most: MAX_TRIAL_TOKENS, step: 1, standard: 128 },
} as const satisfies Record<keyof TrialSampling, Range>;

/** How Try It asks: as a message or as a text, and the settings of the next token. */
export class TrialOptions {
  readonly root = element('div', { class: 'try-options' });
  /** Called after a choice of the person. */
  changed: () => void = () => undefined;
  readonly #chat = element('select', { id: 'try-form' });
  readonly #inputs: Readonly<Record<keyof TrialSampling, HTMLInputElement>>;

  constructor() {
    this.#inputs = { temperature: number('temperature'), seed: number('seed'), maxTokens: number('maxTokens') };
    const { temperature, seed, maxTokens } = this.#inputs;
    const options = [
      ['chat', 'A message'],
      ['text', 'A text to continue'],
    ] as const;
    this.#chat.append(...options.map(([value, text]) => element('option', { value }, text)));
    this.root.append(
      field('Prompt is', this.#chat),
      field(
        'Temperature',
        temperature,
        "It begins with what the model's own settings say. 0 takes the most likely token each time",
      ),
      field('Seed', seed, 'The same seed gives the same answer'),
      field('Most tokens', maxTokens),
    );
    this.root.addEventListener('input', () => this.changed());
  }

  get chat(): boolean {
    return this.#chat.value === 'chat';
  }
  set chat(chat: boolean) {
    this.#chat.value = chat && !this.#chat.disabled ? 'chat' : 'text';
  }

  /** A base without a chat template only continues texts. */
  canChat(can: boolean): void {
    this.#chat.disabled = !can;
    this.#chat.value = can ? 'chat' : 'text';
  }

  /** Begins with the temperature that the base recommends, where it does. */
  recommend(temperature: number = RANGES.temperature.standard): void {
    this.#inputs.temperature.value = String(temperature);
  }

  get sampling(): TrialSampling {
    const value = (name: keyof TrialSampling): number => {
      const { least, most, step, standard } = RANGES[name];
      const given = this.#inputs[name].valueAsNumber;
      if (!Number.isFinite(given)) return standard;
      return Math.min(most, Math.max(least, step === 1 ? Math.round(given) : given));
    };
    return { temperature: value('temperature'), seed: value('seed'), maxTokens: value('maxTokens') };
  }

  otherSeed(): void {
    this.#inputs.seed.value = String((this.sampling.seed + 1) % 2 ** 32);
  }
}

function number(name: keyof TrialSampling): HTMLInputElement {
  const { least, most, step, standard } = RANGES[name];
  return element('input', { type: 'number', id: `try-${name}`, min: least, max: most, step, value: standard });
}

function field(label: string, input: HTMLElement, title?: string): HTMLElement {
  if (title !== undefined) input.title = title;
  return element('label', { for: input.id, class: 'label' }, label, input);
}
