import * as vscode from 'vscode';
import type { HubBase } from '../../daemon/protocol/bases.ts';
import { hubIdIn } from '../../daemon/protocol/hubId.ts';
import { askWithBack, pickWithBack } from '../back.ts';
import type { App } from '../app.ts';
import type { Base } from './bases.ts';
import { type BaseChoice, hubLine } from './baseItems.ts';
import { askToken, tokenFor } from './hubToken.ts';
import { showProblem, showWhole } from './problem.ts';

const TITLE = 'Search the Hugging Face Hub';

/** Lets a person search the hub, first with the words that they typed already. Undefined if they go back. */
export async function searchHub(app: App, words: string): Promise<Base | undefined> {
  for (let text = words; ; text = '') {
    if (text === '') {
      const asked = await askWithBack({
        ...{ title: TITLE, placeholder: 'qwen coder, or Qwen/Qwen2.5-Coder-0.5B, or the address of a model' },
        prompt:
          'Only models that can be trained here are listed. What you type is sent to the hub when you press Enter.',
      });
      if (asked === undefined) return undefined;
      text = asked;
    }
    const found = await ask(app, text);
    if (found === undefined) continue;
    const base = await pickFound(text, found);
    if (base !== undefined) return base;
  }
}

/** Takes the model of an id or address, after the hub said that it can be trained. Undefined if it cannot. */
export async function takeNamed(app: App, text: string): Promise<Base | undefined> {
  const found = await ask(app, text);
  if (found === undefined) return undefined;
  const [one] = found;
  if (one?.problem === null && one.id === hubIdIn(text)) return baseOf(hubLine(one).choice);
  return pickFound(text, found);
}

const baseOf = (choice: BaseChoice | undefined): Base | undefined =>
  choice?.does === 'take' ? choice.base : undefined;

async function pickFound(text: string, found: readonly HubBase[]): Promise<Base | undefined> {
  if (found.length === 0) {
    await showWhole(
      'No model that can be trained was found.',
      `The hub has no language model with safetensors weights of a supported architecture for "${text}". Try other words, or fewer.`,
    );
    return undefined;
  }
  for (;;) {
    const picked = await pickWithBack({ title: TITLE, placeholder: text, back: true, items: found.map(hubLine) });
    if (picked === undefined) return undefined;
    const base = baseOf(picked.choice);
    if (base !== undefined) return base;
    if (picked.choice?.does === 'problem') await showProblem(picked.choice);
  }
}

/** Asks the hub. Undefined if the person cancels, or after they have read what went wrong. */
async function ask(app: App, text: string): Promise<HubBase[] | undefined> {
  const id = hubIdIn(text) ?? '';
  for (;;) {
    try {
      const token = await tokenFor(app, id);
      return await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: 'VeRA: asking the hub', cancellable: true },
        async (_, cancelled) => {
          const ending = new AbortController();
          cancelled.onCancellationRequested(() => ending.abort());
          const { items } = await app.daemon.call(
            ({ bases }) => bases.search,
            { text, ...token },
            { signal: ending.signal },
          );
          return items;
        },
      );
    } catch (error) {
      const { remedy, code, message } = error as { remedy?: { do: string }; code?: string; message: string };
      if (code === 'cancelled') return undefined;
      if (remedy?.do === 'giveHubToken' && (await askToken(app, id))) continue;
      if (remedy?.do !== 'giveHubToken') await showWhole('The hub could not be asked.', message);
      return undefined;
    }
  }
}
