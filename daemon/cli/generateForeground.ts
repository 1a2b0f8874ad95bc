import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import type { Adapter } from '../export/adapter.ts';
import { cacheFolder } from '../home.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import { startOf } from '../methods/start.ts';
import { unadapted } from '../models/adaptation.ts';
import type { BaseModel } from '../models/base.ts';
import { resolveBase } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { Generator } from '../serve/generate.ts';
import { recommended, settled } from '../serve/generationConfig.ts';
import { chatPrompt, fillPrompt, textPrompt } from '../serve/prompt.ts';
import { stopTokens } from '../serve/stop.ts';
import { textStream } from '../serve/stream.ts';
import { FORMAT_SETTINGS } from '../weights/settings.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { type GenerateFlags, SAMPLING_DEFAULTS, samplingOf } from './answer.ts';

/** Generates in this process. Gives the parts of the text to `say`, and returns the whole. */
export async function generateHere(flags: GenerateFlags, say: (text: string) => void): Promise<string> {
  const cache = cacheFolder();
  const { base, loaded } = await openModel(flags);
  showProgress('', 1);
  const tokenizer = loadTokenizer(base.dir);
  const prompt = promptOf(tokenizer, flags);
  const generator = await Generator.create({
    base,
    adaptation: loaded?.adaptation ?? unadapted,
    theta: loaded?.adapter.theta ?? new Float32Array(),
    precision: flags.precision ?? FORMAT_SETTINGS[0].default,
    cache,
    maxLength: Math.min(base.config.maxLength, prompt.length + flags.maxTokens),
    start: loaded && startOf(loaded.adapter.options),
    ...(flags.threads === undefined ? {} : { session: { threads: flags.threads } }),
  });
  const stream = textStream(tokenizer, prompt);
  let text = '';
  const tell = (piece: string): void => {
    text += piece;
    say(piece);
  };
  try {
    const own = recommended(base.dir);
    const sampling = settled(own, { sampling: samplingOf(flags), defaults: SAMPLING_DEFAULTS });
    await generator.generate({
      ...{ ...sampling, prompt, maxTokens: flags.maxTokens },
      stop: stopTokens(base.dir, tokenizer),
      onToken: (id) => tell(stream.push(id)),
    });
    tell(stream.end());
  } finally {
    await generator.release();
  }
  return text;
}

function promptOf(tokenizer: Tokenizer, { prompt, chat, system, fimSuffix }: GenerateFlags): number[] {
  if (chat) return chatPrompt(tokenizer, prompt, system);
  return fimSuffix === undefined ? textPrompt(tokenizer, prompt) : fillPrompt(tokenizer, prompt, fimSuffix);
}

async function openModel({ base, adapter }: GenerateFlags): Promise<{
  base: BaseModel;
  loaded?: { adapter: Adapter; adaptation: MethodAdaptation };
}> {
  if (adapter !== undefined) {
    const { base: model, ...loaded } = await openAdapter(adapter, base);
    return { base: model, loaded };
  }
  if (base === undefined)
    throw new VeraError(
      'usage',
      'the base model is missing: vera generate --foreground --base MODEL, or --adapter ADAPTER',
    );
  return { base: await resolveBase(base, { cache: cacheFolder(), onProgress: showProgress }) };
}
