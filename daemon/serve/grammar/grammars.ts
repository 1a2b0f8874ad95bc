import { Worker } from 'node:worker_threads';
import { VeraError } from '../../protocol/errors.ts';
import { schemaFailure } from '../../protocol/jsonSchema.ts';
import type { JsonAnswer } from '../engine/request.ts';
import type { FromGrammar, GrammarStart, ToGrammar } from './messages.ts';

/** Says which tokens of an answer may come next. */
export interface Constraint {
  /** Sets the logits of all other tokens to -Infinity. logits: [vocabulary]. Throws VeraError 'usage' where that takes too long. */
  apply(logits: Float32Array): void;
  /** The token that was chosen. */
  accept(token: number): void;
  close(): void;
}

interface Grammar {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  answers: number;
}

export interface GrammarsOptions extends Omit<GrammarStart, 'answer'> {
  /** Most milliseconds until a grammar can be used, and until it says which token may be next. */
  readonly prepareMs?: number;
  readonly stepMs?: number;
}

/** Grammars that are kept for later answers: each takes some 30 MB. */
const KEPT = 3;
/** Grammars in use at once. */
const MOST = 8;

/**
 * The grammars of one engine. Each has a thread of its own, which works while the engine runs the model. A grammar that takes too long, or too
 * much memory, ends alone.
 */
export class Grammars {
  readonly #options: GrammarsOptions;
  readonly #grammars = new Map<string, Grammar>();
  #ids = 0;

  constructor(options: GrammarsOptions) {
    this.#options = options;
  }

  /** Begins an answer. Throws VeraError 'usage' where the grammar cannot be used, and 'runtime' where too many are in use. */
  async open(answer: JsonAnswer): Promise<Constraint> {
    const grammar = JSON.stringify(answer);
    const known = this.#grammars.get(grammar) ?? this.#start(grammar, answer);
    this.#grammars.delete(grammar);
    this.#grammars.set(grammar, known); // the newest is last
    known.answers++;
    try {
      await known.ready;
    } catch (error) {
      known.answers--;
      throw error;
    }
    return this.#constraint(known, grammar);
  }

  async release(): Promise<void> {
    await Promise.all(Array.from(this.#grammars.values(), ({ worker }) => worker.terminate()));
    this.#grammars.clear();
  }

  #start(grammar: string, answer: JsonAnswer): Grammar {
    const idle = [...this.#grammars].filter(([, { answers }]) => answers === 0);
    for (const [old] of idle.slice(0, Math.max(0, idle.length - KEPT + 1))) this.#end(old);
    if (this.#grammars.size - idle.length >= MOST)
      throw new VeraError('runtime', `${MOST} schemas are in use at once, and no more can be: try again later`);
    const { prepareMs = 20_000, stepMs: _, ...start } = this.#options;
    const worker = new Worker(new URL('./grammarWorker.ts', import.meta.url), { workerData: { ...start, answer } });
    worker.unref();
    const ready = new Promise<void>((resolve, reject) => {
      const refuse = (error: VeraError): void => {
        this.#end(grammar);
        reject(error);
      };
      const late = setTimeout(
        () => refuse(schemaFailure(`to prepare it takes more than ${prepareMs / 1000} seconds; make it smaller`)),
        prepareMs,
      );
      worker.once('message', (message: FromGrammar) => {
        clearTimeout(late);
        if (message.ready) resolve();
        else refuse(new VeraError('usage', message.message));
      });
      worker.once('error', (error: Error) => {
        clearTimeout(late);
        refuse(schemaFailure(error.message));
      });
    });
    ready.catch(() => undefined); // whoever asked is told
    const started = { worker, ready, answers: 0 };
    this.#grammars.set(grammar, started);
    return started;
  }

  #end(grammar: string): void {
    void this.#grammars.get(grammar)?.worker.terminate();
    this.#grammars.delete(grammar);
  }

  #constraint(grammar: Grammar, key: string): Constraint {
    const { size, stepMs = 3000 } = this.#options;
    const id = this.#ids++;
    const [mask, turn] = [new SharedArrayBuffer(4 * Math.ceil(size / 32)), new SharedArrayBuffer(4)];
    const [bits, seen] = [new Int32Array(mask), new Int32Array(turn)];
    const send = (message: ToGrammar): void => grammar.worker.postMessage(message);
    send({ type: 'open', id, mask, turn });
    let turns = 1;
    return {
      apply: (logits) => {
        const end = performance.now() + stepMs;
        for (let at = Atomics.load(seen, 0); at < turns; at = Atomics.load(seen, 0)) {
          const left = end - performance.now();
          if (left <= 0) {
            if (this.#grammars.get(key) === grammar) this.#end(key);
            throw schemaFailure('to find the next token takes too long; make it smaller');
          }
          Atomics.wait(seen, 0, at, left);
        }
        for (let token = 0; token < logits.length; token++)
          if (((bits[token >> 5]! >>> (token & 31)) & 1) === 0) logits[token] = -Infinity;
      },
      accept(token) {
        turns++;
        send({ type: 'accept', id, token });
      },
      close() {
        grammar.answers--;
        send({ type: 'close', id });
      },
    };
  }
}
