// Slow: starts a real daemon and an engine that loads the bundled model.
/** Inline completion against a real daemon: who answers, what typing reuses, and what a change of the model forgets. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { daemonHome } from '../../test/daemon.ts';
import { store } from '../../test/served.ts';
import { activateAdapter, deactivateAdapter } from '../catalog/adapters.ts';
import { type Catalog, openCatalog } from '../catalog/open.ts';
import { createCompleter, type Request, type State } from '../inline/completer.ts';
import type { Shown } from '../inline/shown.ts';
import { connect, type Client } from './connect.ts';
import { askDaemon } from './inline.ts';

const home = daemonHome();
const [TEXT, AFTER] = ['function total(items) {\n  let sum = ', ';\n}\n'];
let client: Client;
let catalog: Catalog;
let alone = false;

before(async () => {
  catalog = await openCatalog(join(home, 'catalog', 'catalog.db'));
  await store(catalog, 'one', 1);
  await store(catalog, 'two', 2);
  client = await connect();
});
after(async () => {
  await client.close();
  await catalog.close();
});

const active = (adapter: string): Promise<unknown> =>
  catalog.change((change) => activateAdapter(change, { adapter }, 'test'));
const at = (before: string, after = AFTER): Request => ({
  place: { uri: 'file:///project/a.ts', languageId: 'typescript', text: before + after, offset: before.length },
  ...{ scope: undefined, invoked: true, maxLines: 6 },
});

function completing() {
  const states: State[] = [];
  let asked = 0;
  let [long, onFirst]: [boolean, (() => void) | undefined] = [false, undefined];
  const host = askDaemon({ call: (method, params, how) => client.call(method, params, how), alone: () => alone });
  const completer = createCompleter(
    {
      ...host,
      generate(what, scope, { signal, onText }) {
        asked++;
        // Random tokens without a stop: an answer that does not end by itself before the test ends it.
        const endless = { maxTokens: 500, stop: [], deadlineMs: 60_000, sampling: { temperature: 9, seed: 1 } };
        return host.generate(long ? { ...what, ...endless } : what, scope, {
          signal,
          onText: (text) => {
            onText(text);
            const act = onFirst;
            onFirst = undefined;
            act?.();
          },
        });
      },
      sources: () => Promise.resolve([]),
    },
    { onState: (state) => states.push(state) },
  );
  const ask = (request: Request, signal = new AbortController().signal): Promise<Shown | undefined> =>
    completer.complete(request, signal);
  /** Does something once, when the first text of the next answer comes; `endless`: of an answer that lasts until it is ended. */
  const whenItAnswers = (act: () => void, endless: boolean): void => void ([onFirst, long] = [act, endless]);
  return { completer, ask, states, asked: () => asked, whenItAnswers };
}

test('without an active adapter nothing is generated and the reason is told; the base answers if it may', async () => {
  const { completer, ask, states } = completing();
  assert.equal(await ask(at(TEXT)), undefined);
  assert.match(states.at(-1)!.problem!.message, /no adapter is active/);
  alone = true;
  completer.modelChanged();
  const shown = await ask(at(TEXT));
  alone = false;
  assert.equal(shown!.model.adapter, null);
  assert.equal(states.at(-1)!.problem, undefined);
});

test('the active adapter answers; typing through takes the rest without asking; another adapter is asked again', async () => {
  await active('one');
  const { completer, ask, asked } = completing();
  const first = (await ask(at(TEXT)))!;
  assert.equal(first.model.adapter!.name, 'one');
  assert.equal(asked(), 1);
  for (let typed = 1; typed < Math.min(first.text.length, 20); typed++) {
    const rest = await ask(at(TEXT + first.text.slice(0, typed)));
    if (rest === undefined) assert.equal(first.text.slice(typed).trim(), '');
    else assert.deepEqual([rest.text, rest.continues !== undefined], [first.text.slice(typed), true]);
  }
  assert.equal(asked(), 1);
  await active('two');
  completer.modelChanged();
  const second = (await ask(at(TEXT)))!;
  assert.deepEqual([second.model.adapter!.name, asked()], ['two', 2]);
  assert.notEqual(second.text, first.text);
  // What the daemon says counts, also where the change was not noticed here.
  await active('one');
  const third = (await ask(at(`// again\n${TEXT}`)))!;
  assert.equal(third.model.adapter!.name, 'one');
  const { count, byOrigin, stages } = completer.latency();
  assert.ok(count > 3 && byOrigin.model === 3 && byOrigin.cache > 0);
  assert.ok(stages.firstTokenMs!.p50 > 0 && stages.totalMs!.p95 >= stages.totalMs!.p50);
  await catalog.change((change) => deactivateAdapter(change, {}, 'test'));
});

/** Requests that the engines have cancelled. */
async function cancelled(): Promise<number> {
  const { port, token } = client.daemon()!;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const line = (await response.text()).split('\n').find((one) => /^vera_engine_requests\{.*cancelled/.test(one));
  return Number(line?.split(' ').at(-1));
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 1)))
    assert.ok(performance.now() < end, what);
}

test('what typing confirms is used and not asked for again; what it contradicts ends at once, in the engine too', async () => {
  await active('one');
  const { completer, ask, asked, whenItAnswers } = completing();
  const text = `// cancel\n${TEXT}`;
  const whole = (await ask(at(text)))!.text;
  for (const [typed, agrees] of [
    [whole[0]!, true],
    ['~', false],
  ] as const) {
    completer.modelChanged();
    const [count, before] = [asked(), await cancelled()];
    const over = new AbortController();
    const { place } = at(text + typed);
    whenItAnswers(() => {
      const edit = { ...place, start: text.length, removed: 0, inserted: typed };
      completer.edited(edit, { scope: undefined, maxLines: 6 });
      over.abort();
    }, !agrees);
    assert.equal(await ask({ ...at(text), invoked: false }, over.signal), undefined);
    if (agrees) {
      assert.equal((await ask({ ...at(text + typed), invoked: false }))!.text, whole.slice(1));
      assert.deepEqual([asked(), await cancelled()], [count + 1, before]);
    } else await until('the engine has cancelled it', async () => (await cancelled()) === before + 1);
  }
});

test('what follows an accepted completion is asked for at once', async () => {
  await active('one');
  const { completer, ask, asked } = completing();
  const text = `// accept\n${TEXT}`;
  const { text: inserted, start } = (await ask(at(text, '')))!;
  const next = at(text + inserted, '');
  completer.edited({ ...next.place, start, removed: 0, inserted }, { scope: undefined, maxLines: 6 });
  await until('it asks', () => asked() === 2);
  await ask({ ...next, invoked: false });
  assert.equal(asked(), 2);
  const { byOrigin } = completer.latency();
  assert.equal(byOrigin.model, 1);
});
