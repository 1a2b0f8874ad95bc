import { errorOfFacts, VeraError } from '../protocol/errors.ts';
import * as jobs from '../protocol/jobs.ts';
import type { Job } from '../protocol/jobs.ts';
import { type Beginning, followJob } from './follow.ts';
import { askChoice } from './interrupt.ts';
import { type JobPrinter, jobPrinter } from './jobPrinter.ts';
import type { Client } from './withDaemon.ts';

interface Watching {
  json: boolean;
  /** 'ask': Ctrl-C asks what to do; without a terminal it stops the job. 'leave': Ctrl-C leaves the job running. */
  interrupt: 'ask' | 'leave';
}

/**
 * Prints a job until it rests or is left running. The error of a job that failed is thrown; a job that was stopped sets the exit
 * code to 130.
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

/** Ends the command after its job has ended. */
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
    if (state === 'paused') say(`Job ${id} is paused: resume it with vera jobs resume ${id}`);
    else say(`Job ${id} was cancelled: start it again with vera jobs retry ${id}`);
  }
}

/** Handles Ctrl-C and SIGTERM; `chosen` resolves when the job is to be left running. */
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
    say('Stopping at a checkpoint. Press Ctrl-C again to leave the job to the daemon.');
    // If it ended meanwhile, its end is shown.
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
