import type { Ask, Generated, Host, Model } from '../inline/host.ts';
import { VeraError } from '../protocol/errors.ts';
import { describe, generate } from '../protocol/generation.ts';
import type { Client } from './connect.ts';

export interface AskingOptions {
  readonly call: Client['call'];
  /** Whether the base that was used last answers where no adapter is active. */
  readonly alone: () => boolean;
}

/** Asks the daemon for inline completions. The active adapter answers, which is looked up for each request. */
export function askDaemon({ call, alone }: AskingOptions): Pick<Host, 'describe' | 'generate'> {
  /** The folders for which the base alone answers. */
  const without = new Set<string | undefined>();
  const choiceOf = (scope: string | undefined): { base?: string; workspace?: string } => ({
    ...(scope === undefined ? {} : { workspace: scope }),
    ...(without.has(scope) ? { base: 'base' } : {}),
  });

  return {
    async describe(scope): Promise<Model> {
      without.delete(scope);
      const described = await call(describe, choiceOf(scope)).catch((error: unknown) => {
        if (!(error instanceof VeraError) || error.code !== 'missing' || !alone()) throw error;
        without.add(scope);
        return call(describe, choiceOf(scope));
      });
      const { model, abilities } = described;
      if (abilities === null) {
        throw new VeraError(
          'model',
          `the base ${model.base} has to be downloaded or converted first: train or chat with it once`,
        );
      }
      return { author: model, fillInTheMiddle: abilities.fillInTheMiddle, maxLength: abilities.maxLength };
    },
    async generate(ask: Ask, scope, { signal, onText }): Promise<Generated> {
      const { model, reason, usage, timing } = await call(
        generate,
        { ...choiceOf(scope), ...ask, stop: [...ask.stop], priority: 'interactive' },
        { signal, onProgress: (value) => ('text' in value ? onText(value.text) : undefined) },
      );
      return { author: model, reason, ...usage, ...timing };
    },
  };
}
