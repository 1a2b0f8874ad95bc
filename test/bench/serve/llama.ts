/** llama.cpp in a process of its own. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../sources.ts';
import type { LlamaAnswer, LlamaTask } from '../llamaWorker.ts';

export interface Llama {
  /** The release of llama.cpp. */
  readonly release: string;
  /** A context with so many sequences, each with room for so many tokens. lora: a GGUF file; lookup: with llama.cpp's own prompt lookup. */
  context(options: Omit<Extract<LlamaTask, { do: 'context' }>, 'do'>): Promise<number>;
  dispose(context: number): Promise<void>;
  /** -> milliseconds at which each token came, [prompts][count]. */
  generate(context: number, prompts: readonly (readonly number[])[], count: number): Promise<LlamaAnswer['times']>;
  close(): void;
}

/** Throws where node-llama-cpp is not installed (test/peers/llama/setup.sh). */
export async function openLlama(file: string, threads: number): Promise<Llama> {
  const child = fork(join(root, 'test/bench/llamaWorker.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map<number, PromiseWithResolvers<LlamaAnswer>>();
  let ids = 0;
  child.on('message', ({ id, answer, error }: { id: number; answer?: LlamaAnswer; error?: string }) => {
    if (answer) waiting.get(id)?.resolve(answer);
    else waiting.get(id)?.reject(new Error(`llama.cpp: ${error}`));
    waiting.delete(id);
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process of llama.cpp ended'));
  });
  const ask = (task: LlamaTask): Promise<LlamaAnswer> => {
    const answer = Promise.withResolvers<LlamaAnswer>();
    waiting.set(++ids, answer);
    child.send({ id: ids, task });
    return answer.promise;
  };
  const { release } = await ask({ do: 'load', file, threads });
  return {
    release,
    context: async (options) => (await ask({ do: 'context', ...options })).context,
    dispose: async (context) => {
      await ask({ do: 'dispose', context });
    },
    generate: async (context, prompts, count) => (await ask({ do: 'generate', context, prompts, count })).times,
    close: () => child.disconnect(),
  };
}
