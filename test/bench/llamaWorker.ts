/** The process in which bench:serve runs llama.cpp, through node-llama-cpp (test/peers/llama). It does one thing at a time. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../sources.ts';

/** What is used of node-llama-cpp. */
interface Library {
  getLlama(
    options: object,
  ): Promise<{ loadModel(options: object): Promise<Model>; llamaCppRelease: { release: string } }>;
  InputLookupTokenPredictor: new () => object;
}
interface Model {
  createContext(options: object): Promise<Context>;
}
interface Context {
  getSequence(options?: object): Sequence;
  dispose(): Promise<void>;
}
interface Sequence {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
}

/** What the parent may ask for. `context` is the number that `context` answered with. */
export type LlamaTask =
  | { readonly do: 'load'; readonly file: string; readonly threads: number }
  | {
      readonly do: 'context';
      readonly sequences: number;
      readonly room: number;
      readonly lora?: string;
      readonly lookup?: boolean;
    }
  | { readonly do: 'dispose'; readonly context: number }
  /** Each sequence reads its prompt and generates `count` tokens, all at the same time. */
  | {
      readonly do: 'generate';
      readonly context: number;
      readonly prompts: readonly (readonly number[])[];
      readonly count: number;
    };

/** Milliseconds from the beginning of a `generate` at which each token came, by sequence; for the other tasks see `context`. */
export interface LlamaAnswer {
  readonly times: readonly (readonly number[])[];
  readonly context: number;
  readonly release: string;
}

const folder = process.env['PEERS_LLAMA'] ?? join(root, 'test/peers/llama');
const library = (await import(
  pathToFileURL(join(folder, 'node_modules/node-llama-cpp/dist/index.js')).href
)) as Library;
const contexts: { context: Context; sequences: Sequence[] }[] = [];
let model: Model;
let release = '';

process.on('message', ({ id, task }: { id: number; task: LlamaTask }) => {
  carryOut(task).then(
    (answer) => process.send!({ id, answer: { times: [], context: -1, release, ...answer } }),
    (error: unknown) => process.send!({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function carryOut(task: LlamaTask): Promise<Partial<LlamaAnswer>> {
  if (task.do === 'load') {
    const llama = await library.getLlama({ gpu: false, build: 'never', maxThreads: task.threads, logLevel: 'error' });
    model = await llama.loadModel({ modelPath: task.file });
    ({ release } = llama.llamaCppRelease);
    return {};
  }
  if (task.do === 'context') {
    const { sequences: count, room, lora, lookup } = task;
    // The size of a context holds for each of its sequences.
    const context = await model.createContext({
      contextSize: room,
      sequences: count,
      batchSize: 512,
      ...(lora && { lora }),
    });
    const tokenPredictor = lookup ? { tokenPredictor: new library.InputLookupTokenPredictor() } : {};
    const sequences = Array.from({ length: count }, () => context.getSequence(tokenPredictor));
    return { context: contexts.push({ context, sequences }) - 1 };
  }
  const { context, sequences } = contexts[task.context]!;
  if (task.do === 'dispose') {
    await context.dispose();
    return {};
  }
  for (const sequence of sequences) await sequence.clearHistory();
  const start = performance.now();
  const times = await Promise.all(
    task.prompts.map(async (prompt, i) => {
      const own: number[] = [];
      for await (const _ of sequences[i]!.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
        own.push(performance.now() - start);
        if (own.length === task.count) break;
      }
      return own;
    }),
  );
  return { times };
}
