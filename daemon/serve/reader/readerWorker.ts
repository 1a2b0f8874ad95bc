/** The process of a reader (reader.ts): it loads tokenizers and opens datasets. In the daemon, that would hold up every client. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer } from '../../data/tokenizer.ts';
import { cacheFolder } from '../../home.ts';
import { resolveTokenizer } from '../../models/resolve.ts';
import { errorMessage, toParent } from '../../process/child.ts';
import { encodePrompt } from '../engine/promptTokens.ts';
import { heldOutRows } from './heldOut.ts';
import type { FromReader, QuestionName, Questions, ToReader } from './messages.ts';

const MAX_TOKENIZERS = 4; // each takes tens of megabytes

const cache = cacheFolder();
const tokenizers = new Map<string, Tokenizer>();

/** The tokenizer of a base. Nothing is downloaded. One that was written anew is read again. */
async function tokenizerOf(base: string): Promise<Tokenizer> {
  const folder = await resolveTokenizer(base, { cache });
  const changed = statSync(join(folder, 'tokenizer.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const key = `${changed} ${folder}`;
  const tokenizer = tokenizers.get(key) ?? loadTokenizer(folder);
  tokenizers.delete(key);
  tokenizers.set(key, tokenizer);
  const [oldest] = tokenizers.keys();
  if (tokenizers.size > MAX_TOKENIZERS && oldest !== undefined) tokenizers.delete(oldest);
  return tokenizer;
}

const ANSWERS: { [Name in QuestionName]: (asked: Questions[Name]['asked']) => Promise<Questions[Name]['answer']> } = {
  count: async ({ base, prompt }) => encodePrompt(await tokenizerOf(base), prompt).length,
  heldOut: async (asked) => heldOutRows(asked, await tokenizerOf(asked.settings.base)),
};

const parent = toParent<ToReader, FromReader>(({ id, name, asked }) => {
  const answered = (ANSWERS[name] as (asked: unknown) => Promise<Questions[QuestionName]['answer']>)(asked);
  answered.then(
    (answer) => parent.send({ id, answer }),
    (error: unknown) => parent.send({ id, error: errorMessage(error) }),
  );
});
parent.stop.addEventListener('abort', () => parent.finish());
