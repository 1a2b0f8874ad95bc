import type { Event } from '../../daemon/protocol/events.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import type { ToPanel } from '../../daemon/protocol/panel.ts';
import { activeHere } from '../adapters/active.ts';
import type { App } from '../app.ts';
import { soonest } from '../listing.ts';
import { jobName } from '../runs/facts.ts';
import { jobOfKey, keyOf } from './panelRun.ts';
import { runsShown } from './runsShown.ts';
import { runFeed, type RunFeed } from './runFeed.ts';
import type { UseRecorder } from '../use/recorder.ts';
import type { ViewStore } from './viewStore.ts';

/** Sends one panel all its data: first everything that exists, then every change. */
export interface Feed {
  /** Called when the panel is new or was reloaded, so it has no data. */
  begin(): Promise<void>;
  /** The run that the person looks at. Its costs are computed first. */
  look(focus: string | null): void;
  /** Sends what became of completions again. */
  tellCompletions(): void;
  dispose(): void;
}

const RUNS = 12; // of the table; nobody could tell more curves apart
const LOOKED_AT = 200; // the newest runs, among which those like the one in focus are found

export function startFeed(
  app: App,
  view: ViewStore,
  use: UseRecorder,
  send: (message: ToPanel) => void,
  title: (run: string | undefined) => void,
): Feed {
  const { daemon, log } = app;
  const feeds = new Map<string, RunFeed>();
  let following: { end(): Promise<void> } | undefined;
  /** Counts how often the feed began. Data that an earlier beginning still loads is dropped. */
  let round = 0;
  /** The run in focus when the person last looked at another one. */
  let looked: string | null = view.get()?.focus ?? null;
  const names = new Map<string, string>();

  const connection = (): ToPanel & { type: 'connection' } => ({
    type: 'connection',
    connection: daemon.state === 'connected' ? 'connected' : daemon.state === 'failed' ? 'failed' : 'connecting',
    message: daemon.message,
  });
  const failed = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    log.warn(`training panel: ${message}`);
    send({ type: 'connection', connection: daemon.state === 'connected' ? 'connected' : 'failed', message });
  };

  /** The tab has the name of the run in focus, which is the newest if none was chosen. */
  const tellTitle = (): void => title(names.get(view.get()?.focus ?? '') ?? [...names.values()][0]);
  const jobsShown = async (): Promise<Job[]> => {
    const { items } = await daemon.call(({ jobs }) => jobs.list, { kinds: ['train'], limit: LOOKED_AT });
    const id = jobOfKey(view.get()?.focus ?? '');
    const known = items.find((job) => job.id === id);
    const asked = id === undefined || known ? known : await daemon.call(({ jobs }) => jobs.get, { job: id }).catch(() => undefined); // prettier-ignore
    return runsShown(items, asked?.kind === 'train' ? asked : items[0], RUNS);
  };

  const load = async (): Promise<void> => {
    const mine = ++round;
    const [jobs, active] = await Promise.all([jobsShown(), activeHere(app)]);
    const wanted = new Set(jobs.map(keyOf));
    for (const [key, feed] of feeds) {
      if (wanted.has(key)) continue;
      feed.end();
      feeds.delete(key);
    }
    for (const job of jobs) if (!feeds.has(keyOf(job))) feeds.set(keyOf(job), runFeed(app, job, send));
    await followAll();
    const runs = await Promise.all(jobs.map((job) => feeds.get(keyOf(job))!.describe(job)));
    if (mine !== round) return;
    names.clear();
    for (const run of runs) names.set(run.key, run.title);
    tellTitle();
    send({
      type: 'state',
      runs,
      active: active === null ? null : { id: active.id, name: active.name },
      connection: connection().connection,
      view: view.get(),
    });
    const focus = view.get()?.focus;
    const order = [...feeds.keys()].sort((a, b) => Number(b === focus) - Number(a === focus));
    for (const key of order) {
      await feeds.get(key)?.load();
      if (mine !== round) return;
    }
    await feeds.get(focus ?? order[0] ?? '')?.count();
  };

  /** Subscribes to the shown runs before their rows are read, so that no event is missed in between. */
  const followAll = async (): Promise<void> => {
    const before = following;
    const topics = [...feeds.keys()].flatMap((key) => {
      const id = jobOfKey(key);
      return id === undefined ? [] : [`job/${id}` as const];
    });
    following = topics.length === 0 ? undefined : await daemon.follow(topics, { events: take, skipped: () => again() });
    await before?.end();
  };
  const take = (events: readonly Event[]): void => {
    const byJob = new Map<string, Event[]>();
    for (const event of events) {
      if (event.body.type !== 'worker') continue;
      const key = `job/${event.body.job}`;
      byJob.set(key, [...(byJob.get(key) ?? []), event]);
    }
    for (const [key, some] of byJob) feeds.get(key)?.take(some);
  };

  const again = soonest(() => void load().catch(failed));
  const askActive = soonest(() => {
    void activeHere(app)
      .then((active) => send({ type: 'active', active: active === null ? null : { id: active.id, name: active.name } }))
      .catch(failed);
  });
  const tellCompletions = soonest(() => {
    void Promise.all([...feeds.values()].map((feed) => feed.tellCompletions())).catch(failed);
  });
  const subscriptions = [
    use.onRecorded(tellCompletions),
    daemon.onState(() => send(connection())),
    // After a daemon was lost, its runs continue from their checkpoints. So send everything again.
    daemon.onRefresh(again),
    daemon.onJob((job) => {
      if (job.kind === 'completion' && job.state === 'succeeded') for (const feed of feeds.values()) feed.evaluated();
      if (job.kind !== 'train') return;
      const feed = feeds.get(keyOf(job));
      if (feed === undefined) return again();
      feed.update(job);
      names.set(keyOf(job), jobName(job));
      tellTitle();
    }),
    daemon.onCatalog(({ kind }) => (kind === 'adapter' ? askActive() : undefined)),
  ];
  return {
    begin: async () => {
      send(connection());
      await load().catch(failed);
    },
    look: (focus) => {
      tellTitle();
      void feeds
        .get(focus ?? '')
        ?.count()
        .catch(failed);
      // Another run in focus has other runs like it.
      if (focus !== looked) again();
      looked = focus;
    },
    tellCompletions,
    dispose: () => {
      round++;
      for (const one of subscriptions) one.dispose();
      for (const feed of feeds.values()) feed.end();
      void following?.end();
    },
  };
}
