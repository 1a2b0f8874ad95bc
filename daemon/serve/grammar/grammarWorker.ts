/** The thread of one grammar: says which tokens may come next in each of its answers. It may fail or take too long without harm to others. */
import { parentPort, workerData } from 'node:worker_threads';
import { VeraError } from '../../protocol/errors.ts';
import { schemaFailure } from '../../protocol/jsonSchema.ts';
import { loadXGrammar, type Matcher } from './library.ts';
import type { FromGrammar, GrammarStart, ToGrammar } from './messages.ts';
import { schemaGrammar } from './schema.ts';
import { openBytes } from './utf8.ts';
import { bytesOf } from './vocabulary.ts';

const { vocabulary, size, ends, answer: wanted } = workerData as GrammarStart;
const { tokens, form } = vocabulary;
const port = parentPort!;

/** Memory that a grammar may take. */
const MOST_BYTES = 512 * 2 ** 20;
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly;
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with a memory below
const grow = Memory.prototype.grow;
Memory.prototype.grow = function (this: Memory, pages) {
  if (this.buffer.byteLength + pages * 65_536 > MOST_BYTES) throw new RangeError('a grammar is too large');
  return grow.call(this, pages);
};
/** The library writes what is wrong there, and then only throws that it has stopped. */
const complaints: string[] = [];
console.error = (text: unknown) => void complaints.push(String(text));
console.warn = () => undefined;
console.log = () => undefined;

interface Open {
  readonly matcher: Matcher;
  readonly mask: Int32Array;
  readonly turn: Int32Array;
  /** The beginning of a character. */
  pending: Uint8Array;
}
const answers = new Map<number, Open>();

/** Tokens that are not whole characters, with their bytes. */
const broken = new Map<number, Uint8Array>();
tokens.forEach((token, id) => {
  const bytes = bytesOf(token, form);
  if (openBytes(bytes)?.length !== 0) broken.set(id, bytes);
});

const joined = (pending: Uint8Array, bytes: Uint8Array): Uint8Array => Buffer.concat([pending, bytes]);

/** The library also lets bytes through that are no UTF-8, which would become other characters. */
function withoutBadBytes(mask: Int32Array, pending: Uint8Array): void {
  const allowed: number[] = [];
  for (const [id, bytes] of broken) {
    const bit = 1 << (id & 31);
    if ((mask[id >> 5]! & bit) === 0) continue;
    if (openBytes(joined(pending, bytes)) === undefined) mask[id >> 5]! &= ~bit;
    else allowed.push(id);
  }
  if (pending.length === 0) return;
  mask.fill(0);
  for (const id of allowed) mask[id >> 5]! |= 1 << (id & 31);
}

async function show(answer: Open, turn: number): Promise<void> {
  const mask = await answer.matcher.getNextTokenBitmask();
  withoutBadBytes(mask, answer.pending);
  answer.mask.set(mask);
  Atomics.store(answer.turn, 0, turn);
  Atomics.notify(answer.turn, 0);
}

async function start(): Promise<(message: ToGrammar) => Promise<void>> {
  const { schema, before, after } = wanted;
  const grammar = schemaGrammar(schema, { before, after });
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = loadXGrammar();
  const info = await TokenizerInfo.createTokenizerInfo([...tokens], form, false, size, [...ends]);
  const compiler = await GrammarCompiler.createGrammarCompiler(info, true);
  const compiled = await compiler.compileGrammar(grammar);
  return async (message) => {
    if (message.type === 'open') {
      const matcher = await GrammarMatcher.createGrammarMatcher(compiled, [...ends]);
      const [mask, turn] = [new Int32Array(message.mask), new Int32Array(message.turn)];
      const answer = { matcher, mask, turn, pending: new Uint8Array() };
      answers.set(message.id, answer);
      return show(answer, 1);
    }
    const answer = answers.get(message.id);
    if (answer === undefined) return undefined;
    if (message.type === 'close') {
      answer.matcher.dispose();
      answers.delete(message.id);
      return undefined;
    }
    if (!answer.matcher.acceptToken(message.token)) throw new Error(`token ${message.token} does not fit the grammar`);
    if (ends.includes(message.token)) return undefined;
    answer.pending = openBytes(joined(answer.pending, bytesOf(tokens[message.token] ?? '', form))) ?? new Uint8Array();
    return show(answer, answer.turn[0]! + 1);
  };
}

const say = (message: FromGrammar): void => port.postMessage(message);
try {
  const handle = await start();
  let last = Promise.resolve();
  port.on('message', (message: ToGrammar) => void (last = last.then(() => handle(message))));
  say({ ready: true });
} catch (error) {
  const complaint = complaints
    .find((text) => text.includes(': '))
    ?.split(': ')
    .slice(1)
    .join(': ');
  const why = complaint ?? 'it is too large or too deep';
  say({ ready: false, message: error instanceof VeraError ? error.message : schemaFailure(why).message });
}
