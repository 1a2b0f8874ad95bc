import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import * as jobs from '../protocol/jobs.ts';
import type { Job } from '../protocol/jobs.ts';
import { type Beginning, followJob } from './follow.ts';
import { askChoice } from './interrupt.ts';
import { type JobPrinter, jobPrinter } from './jobPrinter.ts';
import type { Client } from './withDaemon.ts';

interface Watching {
  json: boolean;
  /** 'ask': Ctrl-C asks, and stops the job where nobody can be asked. 'leave': it ends the watching alone. */
  interrupt: 'ask' | 'leave';
}

/**
 * Prints a job until it rests, and gives it back; undefined where it was left running. A job that failed throws its error; one
 * that was stopped makes the exit code 130.
 */
export async function watchJob(
  begin: (client: Client) => Promise<Beginning>,
  { json, interrupt }: Watching,
  succeeded: (job: Job, client: Client) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let printer: JobPrinter | undefined;
  await followJob(
    begin,
    (job) => (printer = jobPrinter(job, json)),
    async (rested, job, client) => {
      const left = leaving(client, job, printer!, { json, interrupt });
      let ended: Job | undefined;
      try {
        ended = await Promise.race([rested, left.chosen]);
      } finally {
        left.end();
        printer?.end(ended);
      }
      if (ended !== undefined) await conclude(ended, json, () => succeeded(ended, client));
    },
  );
}

/** What a job's end means to the command that followed it. */
async function conclude(job: Job, json: boolean, succeeded: () => Promise<void>): Promise<void> {
  const { id, state, error } = job;
  const say = (text: string): void => {
    if (!json) process.stderr.write(`${text}\n`);
  };
  if (state === 'succeeded') await succeeded();
  else if (state === 'failed')
    throw error === null ? new VeraError('runtime', `job ${id} failed: see vera jobs show ${id}`) : errorOfFacts(error);
  else {
    process.exitCode = 130;
    if (state === 'paused') say(`Job ${id} is paused: vera jobs resume ${id} goes on with it`);
    else say(`Job ${id} was cancelled: vera jobs retry ${id} takes it up again`);
  }
}

/** Hears Ctrl-C and SIGTERM; `chosen` resolves when the job is to be left as it is. */
function leaving(
  client: Client,
  { id }: Job,
  printer: JobPrinter,
  { json, interrupt }: Watching,
): { chosen: Promise<undefined>; end: () => void } {
  const { promise: chosen, resolve } = Promise.withResolvers<undefined>();
  const say = (text: string): void => {
    if (json) return;
    printer.clear();
    process.stderr.write(`${text}\n`);
  };
  let asked = false;
  const leave = (exitCode: number): void => {
    process.exitCode = exitCode;
    resolve(undefined);
  };
  const stop = async (): Promise<void> => {
    say('Stopping at a checkpoint; once more leaves it to the daemon.');
    // It may have ended just now; then its end is what is shown.
    await client.call(jobs.pause, { job: id }).catch((error: unknown) => {
      if (!(error instanceof VeraError) || error.code !== 'conflict') throw error;
    });
  };
  const ask = async (): Promise<void> => {
    printer.hold();
    const choice = await askChoice(process.stdin, process.stderr);
    if (choice === 'leave') {
      say(`Left running: vera jobs follow ${id}`);
      leave(0);
      return;
    }
    printer.release();
    asked = choice === 'stop';
    if (asked) await stop();
  };
  const terminal = process.stdin.isTTY && process.stderr.isTTY;
  const fail = (error: unknown): void => {
    say(error instanceof Error ? error.message : String(error));
    leave(1);
  };
  const signal = (name: NodeJS.Signals): void => {
    if (asked || interrupt === 'leave') leave(interrupt === 'leave' ? 0 : 130);
    else {
      asked = true;
      (terminal && name === 'SIGINT' ? ask() : stop()).catch(fail);
    }
  };
  process.on('SIGINT', signal).on('SIGTERM', signal);
  return { chosen, end: () => void process.off('SIGINT', signal).off('SIGTERM', signal) };
}
