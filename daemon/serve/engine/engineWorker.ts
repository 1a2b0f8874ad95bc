/** The process of an engine: it answers the requests that its parent (client.ts) sends. */
import { loadTokenizer } from '../../data/tokenizer.ts';
import { resolveBase } from '../../models/resolve.ts';
import { errorMessage, errorOf, toParent } from '../../process/child.ts';
import type { StoredAdapter } from './bank.ts';
import { Engine } from './engine.ts';
import type { EngineStart, FromEngine, ToEngine } from './messages.ts';
import type { GenerationRequest } from './request.ts';

let engine: Engine | undefined;
const running = new Map<number, AbortController>();
const wanted = new Map<string, PromiseWithResolvers<StoredAdapter>>();

const parent = toParent<ToEngine, FromEngine>((message) => {
  if (message.type === 'start') void start(message.start);
  else if (message.type === 'submit') void answer(message.id, message.request);
  else if (message.type === 'cancel') running.get(message.id)?.abort();
  else if (message.type === 'prepare') void prepare(message.id, message.adapter);
  else if (message.type === 'stats') void parent.send({ type: 'stats', id: message.id, stats: engine!.stats() });
  else {
    const { hash, adapter } = message;
    if ('error' in adapter) wanted.get(hash)?.reject(errorOf(adapter));
    else wanted.get(hash)?.resolve(adapter);
    wanted.delete(hash);
  }
});
parent.stop.addEventListener('abort', () => {
  void (engine?.release() ?? Promise.resolve()).finally(() => parent.finish());
});

async function start({ base: spec, threads, ...options }: EngineStart): Promise<void> {
  try {
    const base = await resolveBase(spec, { cache: options.cache });
    const session = threads === undefined ? {} : { session: { threads } };
    // Whether it is the base or an adapter that is asked for first: nobody waits for the other one's graph.
    engine = new Engine({ ...options, ...session, base, tokenizer: loadTokenizer(base.dir), load });
    void parent.send({ type: 'info', info: engine.info });
    parent.ready();
  } catch (error) {
    parent.finish({ type: 'broken', error: errorMessage(error) });
  }
}

function load(hash: string): Promise<StoredAdapter> {
  const known = wanted.get(hash);
  if (known) return known.promise;
  const asked = Promise.withResolvers<StoredAdapter>();
  wanted.set(hash, asked);
  void parent.send({ type: 'load', hash });
  return asked.promise;
}

async function answer(id: number, request: GenerationRequest): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    for await (const piece of engine!.submit(request, controller.signal))
      await parent.send({ type: 'piece', id, piece });
  } catch (error) {
    void parent.send({ type: 'failed', id, error: errorMessage(error) });
  } finally {
    running.delete(id);
  }
}

async function prepare(id: number, adapter: string): Promise<void> {
  try {
    void parent.send({ type: 'prepared', id, notice: await engine!.prepare(adapter) });
  } catch (error) {
    void parent.send({ type: 'failed', id, error: errorMessage(error) });
  }
}
