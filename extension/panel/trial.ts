import * as vscode from 'vscode';
import type { FromPanel, ToPanel } from '../../daemon/protocol/panel.ts';
import type { HeldOutRow, TrialEnd, TrialSide } from '../../daemon/protocol/trial.ts';
import { type App, workspaceFolder } from '../app.ts';
import { generate, sentenceOf } from '../chat/generate.ts';
import { isQuiet } from '../quiet.ts';
import { baseLabel } from '../tuning/baseLabel.ts';

type TrialRequest = Extract<FromPanel, { type: 'trialRow' | `try${string}` }>;
type Asked = Extract<FromPanel, { type: 'try' }>;

/** Try It in the panel: what is tried, its held-out rows, and the answers. */
export interface Trials {
  /** Chooses the adapter that is tried, and tells the panel. `beside`: an adapter that answers in place of the base. */
  open(adapter: number, beside?: number): Promise<void>;
  /** Tells the panel again, which was loaded anew. */
  tell(): Promise<void>;
  take(request: TrialRequest): Promise<void>;
  dispose(): void;
}

export const isTrialRequest = (message: FromPanel): message is TrialRequest => message.type.startsWith('tr');

const PAGE = 20; // rows that are read at once: reading one opens the whole dataset

interface Tried {
  readonly adapter: { readonly id: number; readonly name: string };
  readonly run: number | null;
  /** The spec of its base. */
  readonly base: string;
  /** Answers in place of the base. */
  readonly beside: { readonly id: number; readonly name: string } | null;
  readonly chat: boolean;
  /** What the base recommends; null where it says nothing. */
  readonly temperature: number | null;
  readonly limits: readonly string[];
  /** The place of the held-out row that is shown: it stays where the same adapter is opened again. */
  place: number;
  /** Rows that were read, by the first place of their page. */
  readonly pages: Map<number, Promise<{ rows: HeldOutRow[]; total: number }>>;
}

/** A file of the workspace as a person names it. */
function shortPath(source: string): string {
  const folder = workspaceFolder();
  return folder !== undefined && source.startsWith(folder) ? source.slice(folder.length + 1) : source;
}

export function trials(app: App, send: (message: ToPanel) => void): Trials {
  const { daemon } = app;
  let tried: Tried | undefined;
  let answering: vscode.CancellationTokenSource | undefined;

  const stop = (): void => {
    answering?.cancel();
    answering?.dispose();
    answering = undefined;
  };

  const tell = async (): Promise<void> => {
    if (tried === undefined) return send({ type: 'trial', trial: null });
    const { adapter, base, beside, chat, temperature, limits } = tried;
    const other = beside === null ? {} : { beside: beside.name };
    const own = temperature === null ? {} : { temperature };
    const shown = { adapter, base: baseLabel(base), ...other, ...own, chat, limits: [...limits] };
    send({ type: 'trial', trial: shown });
    await tellRow(tried, tried.place);
  };

  const tellRow = async (one: Tried, place: number): Promise<void> => {
    one.place = place;
    const say = (row: HeldOutRow | null, total: number, problem: string | null): void =>
      send({ type: 'trialRow', adapter: one.adapter.id, row, total, problem });
    if (one.run === null)
      return say(null, 0, 'This adapter was not trained here, so it has no held-out rows. Type a prompt.');
    try {
      const from = place - (place % PAGE);
      const page = one.pages.get(from) ?? daemon.call(({ runs }) => runs.heldOut, { run: one.run, from, limit: PAGE });
      one.pages.set(from, page);
      page.catch(() => one.pages.delete(from));
      const { rows, total } = await page;
      if (one !== tried || one.place !== place) return;
      const row = rows.find((some) => some.place === place) ?? null;
      const none = total === 0 ? 'The run held no rows out.' : `Held-out row ${place + 1} of ${total} has no question.`;
      const shown = row && { ...row, source: shortPath(row.source) };
      say(shown, total, row === null ? `${none} Type a prompt.` : null);
    } catch (error) {
      if (one === tried && one.place === place) say(null, 0, `No held-out row: ${sentenceOf(error)} Type a prompt.`);
    }
  };

  const ask = async ({ request, adapter, chat, before, prompt, sampling }: Asked): Promise<void> => {
    stop();
    if (tried?.adapter.id !== adapter) return;
    const { base, beside } = tried;
    const source = new vscode.CancellationTokenSource();
    answering = source;
    const { maxTokens, ...how } = sampling;
    const params = {
      prompt: chat ? { messages: [...before, { role: 'user', content: prompt }] } : { text: prompt },
      ...{ sampling: how, defaults: {}, maxTokens },
    };
    const answer = async (side: TrialSide, model: { adapter: number } | { base: string }): Promise<void> => {
      const end = (one: TrialEnd | null, error: string | null): void =>
        send({ type: 'trialEnd', request, side, end: one, error });
      try {
        const { reason, usage, timing } = await generate(
          app,
          { ...params, ...model },
          { text: (text) => send({ type: 'trialText', request, side, text }) },
          source.token,
        );
        const { firstTokenMs = null, totalMs } = timing;
        const seconds = firstTokenMs === null ? 0 : (totalMs - firstTokenMs) / 1000;
        const tokensPerSecond = seconds > 0 && usage.answerTokens > 1 ? (usage.answerTokens - 1) / seconds : null;
        end({ reason, tokens: usage.answerTokens, firstTokenMs, tokensPerSecond }, null);
      } catch (error) {
        if (source.token.isCancellationRequested || isQuiet(error))
          end({ reason: 'stopped', tokens: 0, firstTokenMs: null, tokensPerSecond: null }, null);
        else end(null, sentenceOf(error));
      }
    };
    // Both are answered in the same batch, so neither waits for the other.
    await Promise.all([
      answer('base', beside === null ? { base } : { adapter: beside.id }),
      answer('adapter', { adapter }),
    ]);
  };

  return {
    tell,
    async open(id, besideId) {
      stop();
      const [adapter, { model, abilities, temperature, limits }, beside] = await Promise.all([
        daemon.call(({ adapters }) => adapters.get, { adapter: id }),
        daemon.call(({ generation }) => generation.describe, { adapter: id }),
        besideId === undefined ? null : daemon.call(({ adapters }) => adapters.get, { adapter: besideId }),
      ]);
      const place = tried?.adapter.id === id ? tried.place : 0;
      tried = {
        ...{ adapter: { id, name: adapter.name }, run: adapter.run, base: model.base },
        beside: beside === null ? null : { id: beside.id, name: beside.name },
        ...{ chat: abilities?.chat ?? false, temperature, limits: limits.chat, place, pages: new Map() },
      };
      await tell();
    },
    async take(request) {
      switch (request.type) {
        case 'trialRow':
          return tried?.adapter.id === request.adapter ? tellRow(tried, request.place) : undefined;
        case 'try':
          return ask(request);
        case 'tryStop':
          return stop();
        case 'tryClose':
          stop();
          tried = undefined;
          return tell();
      }
    },
    dispose: stop,
  };
}
