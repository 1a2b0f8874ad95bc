/** Counts of inline completions: sums by day, adapter and language; and their texts, where the person keeps them. */
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import type * as protocol from '../protocol/completions.ts';
import type { Completion, CompletionCounts, CompletionRow, CompletionText } from '../protocol/completions.ts';
import { KEPT_AFTER } from '../protocol/outcomes.ts';
import type { Outcome } from '../protocol/outcomes.ts';
import { baseName } from '../protocol/baseName.ts';
import type { Change } from './change.ts';
import { findAdapter } from './find.ts';
import { added, quantileOf, withLatency } from './latencies.ts';
import type { Latencies } from './latencies.ts';
import { keysOf, pageOf } from './pages.ts';
import type { Page } from './pages.ts';
import type { CompletionDayTable, Db } from './schema.ts';
import { setState, stateOf } from './state.ts';
import { DAY } from './trash.ts';

type Params<M extends { params: z.ZodType }> = z.output<M['params']>;

/** A record that comes later than this is dropped: what the completion has added before is no longer known. */
const OPEN_DAYS = 2;
/** Sums of earlier days are deleted. */
const KEPT_DAYS = 400;
/** Limits of stored texts: what is older, and what is more, is deleted. */
const TEXT_DAYS = 90;
const MAX_TEXTS = 2000;

const PAUSED = 'completions paused'; // key of the state; counting is paused while it is '1'

/** The sums of a day, and what one completion has added to them. */
const SUMS = [
  ...['shown', 'accepted', 'partly', 'typed', 'rejected', 'ignored'],
  ...[
    'shown_characters',
    'accepted_characters',
    'accepted_lines',
    'of_0',
    'kept_0',
    'of_1',
    'kept_1',
    'of_2',
    'kept_2',
  ],
] as readonly Sum[];
type Sum = Exclude<keyof CompletionDayTable, 'id' | 'day' | 'adapter_id' | 'base' | 'language' | 'latency'>;
type Sums = Readonly<Partial<Record<Sum, number>>>;
type DayRow = Selectable<CompletionDayTable>;

/** What a completion adds to the sums of its day, as far as it is known. */
function sumsOf({ outcome, characters, accepted, kept }: Completion): Sums {
  const measured = kept.flatMap((still, i) =>
    still === null
      ? []
      : ([
          [`of_${i}`, accepted.characters],
          [`kept_${i}`, still],
        ] as const),
  );
  return {
    shown: 1,
    ...(outcome === 'open' ? {} : { [outcome]: 1 }),
    shown_characters: characters,
    accepted_characters: accepted.characters,
    accepted_lines: accepted.lines,
    ...Object.fromEntries(measured),
  };
}

/** Counts completions. Returns how many were counted: those of purged adapters and late ones are not, and none while counting is paused. */
export async function recordCompletions(change: Change, completions: readonly Completion[]): Promise<number> {
  if (!(await isCounting(change.db))) return 0;
  let counted = 0;
  for (const one of completions) if (await recordOne(change, one)) counted++;
  await pruneTexts(change);
  return counted;
}

async function recordOne({ db, now }: Change, one: Completion): Promise<boolean> {
  const { key, adapter, base, language, latencyMs } = one;
  if (Math.abs(now - one.shownAt) > OPEN_DAYS * DAY || (adapter !== null && !(await isSame(db, adapter)))) return false;
  const before = await db.selectFrom('completion_open').selectAll().where('key', '=', key).executeTakeFirst();
  const day = before?.day_id ?? (await dayOf(db, dayText(one.shownAt), adapter?.id ?? null, base, language));
  const known = (before === undefined ? {} : JSON.parse(before.counted)) as Sums;
  const sums = sumsOf(one);
  const row = await db.selectFrom('completion_day').selectAll().where('id', '=', day).executeTakeFirstOrThrow();
  const values = Object.fromEntries(SUMS.map((sum) => [sum, row[sum] + (sums[sum] ?? 0) - (known[sum] ?? 0)]));
  const latency =
    before === undefined && latencyMs !== null
      ? { latency: JSON.stringify(withLatency(JSON.parse(row.latency) as Latencies, latencyMs)) }
      : {};
  await db
    .updateTable('completion_day')
    .set({ ...values, ...latency })
    .where('id', '=', day)
    .execute();
  const counted = JSON.stringify(sums);
  await db
    .insertInto('completion_open')
    .values({ key, day_id: day, counted, shown_at: one.shownAt })
    .onConflict((conflict) => conflict.doUpdateSet({ counted }))
    .execute();
  await keepText(db, one);
  return true;
}

/** Whether the catalog still has this adapter, in the trash or outside, and not another one with its number. */
async function isSame(db: Db, { id, hash }: NonNullable<Completion['adapter']>): Promise<boolean> {
  const row = await db.selectFrom('adapter').select('hash').where('id', '=', id).executeTakeFirst();
  return row?.hash === hash;
}

/** The number of the row of a day. Creates it with zeros. */
async function dayOf(db: Db, day: string, adapter: number | null, base: string, language: string): Promise<number> {
  const known = await db
    .selectFrom('completion_day')
    .select('id')
    .where('day', '=', day)
    .where('adapter_id', adapter === null ? 'is' : '=', adapter)
    .where('base', '=', base)
    .where('language', '=', language)
    .executeTakeFirst();
  if (known) return known.id;
  const values = { day, adapter_id: adapter, base, language };
  return Number((await db.insertInto('completion_day').values(values).executeTakeFirst()).insertId);
}

async function keepText(db: Db, { key, text, kept, ...one }: Completion): Promise<void> {
  if (text === undefined) return;
  const known = {
    text: text.shown,
    outcome: one.outcome,
    accepted_characters: one.accepted.characters,
    kept_characters: kept.findLast((still) => still !== null) ?? null,
  };
  const { base, language, adapter, shownAt } = one;
  await db
    .insertInto('completion_text')
    .values({ key, adapter_id: adapter?.id ?? null, base, language, file: text.file, shown_at: shownAt, ...known })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(known))
    .execute();
}

/** 2026-03-01, in the local time zone: what a person calls today. */
function dayText(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const isCounting = async (db: Db): Promise<boolean> => (await stateOf(db, PAUSED)) !== '1';

export async function setCounting(change: Change, counting: boolean, actor: string): Promise<void> {
  const { db } = change;
  if ((await isCounting(db)) === counting) return;
  await setState(db, PAUSED, counting ? '0' : '1');
  change.audit({ actor, action: counting ? 'resume' : 'pause', kind: 'completions', subject: null });
}

type Whose = Pick<Params<typeof protocol.summary>, 'adapter' | 'project' | 'user'>;
const adapterOf = async (db: Db, { adapter, project, user }: Whose): Promise<number | undefined> =>
  adapter === undefined ? undefined : findAdapter(db, { adapter, project, user });

/** Counts by adapter and base, and by language or day if asked; the most shown first. */
export async function summarise(
  db: Db,
  { days, by, ...whose }: Params<typeof protocol.summary>,
  now = Date.now(),
): Promise<z.input<(typeof protocol.summary)['result']>> {
  const adapter = await adapterOf(db, whose);
  let query = db
    .selectFrom('completion_day')
    .leftJoin('adapter', 'adapter.id', 'completion_day.adapter_id')
    .selectAll('completion_day')
    .select('adapter.name');
  if (adapter !== undefined) query = query.where('adapter_id', '=', adapter);
  if (days !== undefined) query = query.where('day', '>', dayText(now - days * DAY));
  const rows = await query.execute();
  const groups = Map.groupBy(rows, (row) =>
    JSON.stringify([row.adapter_id, row.base, by === undefined ? '' : row[by]]),
  );
  const shown = [...groups.values()].map((group): CompletionRow => {
    const { adapter_id: id, name, base, language, day } = group[0]!;
    return {
      ...countsOf(group),
      adapter: id === null ? null : { id, name: name! },
      base: baseName(base),
      language: by === 'language' ? language : null,
      day: by === 'day' ? day : null,
    };
  });
  let texts = db.selectFrom('completion_text').select((eb) => eb.fn.countAll<number>().as('texts'));
  if (adapter !== undefined) texts = texts.where('adapter_id', '=', adapter);
  return {
    counting: await isCounting(db),
    ...(await texts.executeTakeFirstOrThrow()),
    total: countsOf(rows),
    rows: shown.sort((one, two) => (by === 'day' ? compare(two.day!, one.day!) : two.shown - one.shown)),
  };
}

const compare = (one: string, two: string): number => (one < two ? -1 : one > two ? 1 : 0);

function countsOf(rows: readonly DayRow[]): CompletionCounts {
  const of = (sum: Sum): number => rows.reduce((total, row) => total + row[sum], 0);
  const latency = rows.reduce<Latencies>((all, row) => added(all, JSON.parse(row.latency) as Latencies), {});
  const [p50, p95] = [quantileOf(latency, 0.5), quantileOf(latency, 0.95)];
  const outcomes = (['shown', 'accepted', 'partly', 'typed', 'rejected', 'ignored'] as const).map(
    (name) => [name, of(name)] as const,
  );
  return {
    ...(Object.fromEntries(outcomes) as Record<(typeof outcomes)[number][0], number>),
    shownCharacters: of('shown_characters'),
    acceptedCharacters: of('accepted_characters'),
    acceptedLines: of('accepted_lines'),
    kept: KEPT_AFTER.map((seconds, i) => ({ seconds, of: of(`of_${i}` as Sum), characters: of(`kept_${i}` as Sum) })),
    latencyMs: p50 === undefined || p95 === undefined ? null : { p50, p95 },
  };
}

/** Stored texts, the newest first. */
export async function listTexts(
  db: Db,
  { limit, after, ...whose }: Params<typeof protocol.texts>,
): Promise<Page<CompletionText>> {
  const from = keysOf(after, ['number', 'number']);
  const adapter = await adapterOf(db, whose);
  let query = db
    .selectFrom('completion_text')
    .leftJoin('adapter', 'adapter.id', 'completion_text.adapter_id')
    .selectAll('completion_text')
    .select('adapter.name')
    .orderBy('shown_at', 'desc')
    .orderBy('completion_text.id', 'desc')
    .limit(limit + 1);
  if (adapter !== undefined) query = query.where('adapter_id', '=', adapter);
  if (from)
    query = query.where((eb) =>
      eb.or([
        eb('shown_at', '<', from[0]),
        eb.and([eb('shown_at', '=', from[0]), eb('completion_text.id', '<', from[1])]),
      ]),
    );
  const show = (row: Awaited<ReturnType<typeof query.execute>>[number]): CompletionText => ({
    ...{ id: row.id, shownAt: row.shown_at, language: row.language, file: row.file, text: row.text },
    adapter: row.adapter_id === null ? null : { id: row.adapter_id, name: row.name! },
    base: baseName(row.base),
    outcome: row.outcome as Outcome,
    acceptedCharacters: row.accepted_characters,
    keptCharacters: row.kept_characters,
  });
  return pageOf(await query.execute(), limit, show, (row) => [row.shown_at, row.id]);
}

/** Deletes counts and texts for good; with `only`, the texts alone. */
export async function forget(
  change: Change,
  { only, ...whose }: Params<typeof protocol.forget>,
  actor: string,
): Promise<{ completions: number; texts: number }> {
  const { db } = change;
  const adapter = await adapterOf(db, whose);
  let texts = db.deleteFrom('completion_text');
  let days = db.deleteFrom('completion_day').returning('shown');
  if (adapter !== undefined) {
    texts = texts.where('adapter_id', '=', adapter);
    days = days.where('adapter_id', '=', adapter);
  }
  const { numDeletedRows } = await texts.executeTakeFirst();
  const gone = only === 'texts' ? [] : await days.execute();
  const forgotten = { completions: gone.reduce((sum, { shown }) => sum + shown, 0), texts: Number(numDeletedRows) };
  if (forgotten.completions + forgotten.texts > 0)
    change.audit({ actor, action: 'forget', kind: 'completions', subject: adapter ?? null, details: forgotten });
  return forgotten;
}

/** Deletes what is older than the limits. Call it now and then. */
export async function pruneCompletions(change: Change): Promise<void> {
  const { db, now } = change;
  await db
    .deleteFrom('completion_open')
    .where('shown_at', '<', now - OPEN_DAYS * DAY)
    .execute();
  await db
    .deleteFrom('completion_day')
    .where('day', '<', dayText(now - KEPT_DAYS * DAY))
    .execute();
  await pruneTexts(change);
}

async function pruneTexts({ db, now }: Change): Promise<void> {
  await db
    .deleteFrom('completion_text')
    .where('shown_at', '<', now - TEXT_DAYS * DAY)
    .execute();
  const border = await db
    .selectFrom('completion_text')
    .select('id')
    .orderBy('id', 'desc')
    .offset(MAX_TEXTS)
    .limit(1)
    .executeTakeFirst();
  if (border) await db.deleteFrom('completion_text').where('id', '<=', border.id).execute();
}
