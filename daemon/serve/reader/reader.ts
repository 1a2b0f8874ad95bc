import { errorOf } from '../../process/child.ts';
import { startProcess, type SupervisedProcess } from '../../process/supervised.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { FromReader, QuestionName, Questions, ToReader } from './messages.ts';

/** Answers questions about bases and datasets that need no engine, in a process that is started by the first question. */
export interface Reader {
  /** Throws VeraError 'model' if the base is not on this machine, and what reading a tokenizer or a dataset throws. */
  ask<Name extends QuestionName>(name: Name, asked: Questions[Name]['asked']): Promise<Questions[Name]['answer']>;
  stop(): void;
}

/** A process without questions for so long is ended, which frees its memory. */
const IDLE_MS = 60_000;
const HEALTH = { heartbeatMs: 1000, silenceMs: 60_000 };

type Waiter = PromiseWithResolvers<Questions[QuestionName]['answer']>;

export function openReader({ idleMs = IDLE_MS }: { idleMs?: number } = {}): Reader {
  let current: { process: SupervisedProcess<ToReader>; waiters: Map<number, Waiter> } | undefined;
  let idle: NodeJS.Timeout | undefined;
  let ids = 0;

  const stop = (): void => {
    clearTimeout(idle);
    current?.process.stop();
    current = undefined;
  };
  const launch = (): NonNullable<typeof current> => {
    const waiters = new Map<number, Waiter>();
    const process = startProcess<ToReader, FromReader>({
      ...{ file: new URL('./readerWorker.ts', import.meta.url), streams: 'keep', health: HEALTH, givesWay: true },
      inspect: 'worker',
      onMessage(message) {
        const waiter = waiters.get(message.id);
        waiters.delete(message.id);
        if ('error' in message) waiter?.reject(errorOf(message.error));
        else waiter?.resolve(message.answer);
        if (waiters.size === 0) idle = setTimeout(stop, idleMs).unref();
      },
    });
    const launched = { process, waiters };
    void process.ended.then(({ reason }) => {
      if (current === launched) current = undefined;
      for (const waiter of waiters.values())
        waiter.reject(new VeraError('runtime', `the files could not be read: ${reason}; try again`));
    });
    return launched;
  };

  const ask: Reader['ask'] = async (name, asked) => {
    clearTimeout(idle);
    current ??= launch();
    const id = ids++;
    const waiter: Waiter = Promise.withResolvers();
    current.waiters.set(id, waiter);
    void current.process.send({ id, name, asked } as ToReader);
    return await waiter.promise;
  };
  return { ask, stop };
}
