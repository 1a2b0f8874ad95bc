import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { VeraError } from '../protocol/errors.ts';
import type { Event } from '../protocol/events.ts';
import * as jobs from '../protocol/jobs.ts';
import { isResting } from '../protocol/jobStates.ts';
import type { Job } from '../protocol/jobs.ts';
import type { RunEvent } from '../protocol/runEvents.ts';
import type { ConnectOptions } from '../client/connect.ts';
import type { Client } from './withDaemon.ts';
import { withDaemon } from './withDaemon.ts';
import { ownHubToken } from './hubToken.ts';

export interface JobWatcher {
  /** A new state of the job. */
  job(job: Job): void;
  /** An event of its worker. */
  worker(event: RunEvent): void;
  /** Some events came too fast, or are no longer stored. */
  skipped(): void;
}

/** Where following begins: at a job, after an event (undefined: with the next one). `go` then starts the job. */
export interface Beginning {
  readonly job: Job;
  readonly after: number | undefined;
  readonly go?: () => Promise<unknown>;
}

/** Submits a job that can be followed from its first event. A long-lived catalog no longer has the events from number 0 on. */
export async function submitJob(client: Client, params: z.input<typeof jobs.submit.params>): Promise<Beginning> {
  const before = await client.follow(['jobs'], undefined, { events: () => undefined });
  try {
    // If the answer is lost, the request is repeated; the key prevents a second job.
    return {
      job: await client.call(jobs.submit, { key: randomUUID(), ...ownHubToken(), ...params }),
      after: before.number,
    };
  } finally {
    await before.end();
  }
}

/** How long to wait for a daemon that was stopped: one that is replaced or restarted is back by then. */
const PATIENCE_MS = 15_000;

/**
 * Follows a job until it rests; `until` may return earlier. Throws VeraError 'daemon' if the daemon was stopped and does not
 * come back.
 */
export async function followJob<T>(
  begin: (client: Client) => Promise<Beginning>,
  watch: (job: Job) => JobWatcher,
  until: (rested: Promise<Job>, job: Job, client: Client) => Promise<T>,
): Promise<T> {
  let waiting: NodeJS.Timeout | undefined;
  let fail: (error: Error) => void = () => undefined;
  let id = 0;
  const options: ConnectOptions = {
    onDisconnect: (why) => {
      if (why === 'ended') waiting = setTimeout(() => fail(stopped(id)), PATIENCE_MS);
    },
    onReconnect: () => clearTimeout(waiting),
  };
  return withDaemon(async (client) => {
    const { job, after, go } = await begin(client);
    id = job.id;
    const rested = new Promise<Job>((resolve, reject) => {
      fail = reject;
      follow(client, job.id, after, watch(job), { resolve, reject }).then(go).catch(reject);
    });
    try {
      return await until(rested, job, client);
    } finally {
      clearTimeout(waiting);
    }
  }, options);
}

const stopped = (id: number): VeraError =>
  new VeraError(
    'daemon',
    `the daemon was stopped; job ${id} resumes when the daemon runs again: vera jobs follow ${id}`,
  );

/** Passes the events of a job to the watcher, and resolves when the job rests. */
async function follow(
  client: Client,
  id: number,
  after: number | undefined,
  watcher: JobWatcher,
  rested: { resolve: (job: Job) => void; reject: (error: unknown) => void },
): Promise<void> {
  let over = false;
  // A job that was retried or resumed has rested before; only its present state counts.
  const settle = async (seen: Job): Promise<void> => {
    const now = await client.call(jobs.get, { job: id });
    if (over || now.state !== seen.state || now.attempts.length !== seen.attempts.length) return;
    over = true;
    rested.resolve(now);
  };
  const state = (job: Job): void => {
    watcher.job(job);
    if (isResting(job.state)) settle(job).catch(rested.reject);
  };
  const take = ({ body }: Event): void => {
    if (over) return;
    if (body.type === 'job') state(body.job);
    else if (body.type === 'worker') watcher.worker(body.event);
  };
  await client.follow([`job/${id}`], after, {
    events: (events) => events.forEach(take),
    skipped: (_, latest) => {
      watcher.skipped();
      latest.filter((job) => job.id === id).forEach(state);
    },
    unwritten: (job) => (over || job.id !== id ? undefined : state(job)),
  });
}
