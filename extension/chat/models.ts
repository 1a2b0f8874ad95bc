/** What VS Code's list of chat models shows of the daemon's models. Pure. */
import type { OfferedModel } from '../../daemon/protocol/generation.ts';
import { countText, oneLine, parametersText } from '../text.ts';
import { baseLabel } from '../tuning/baseLabel.ts';

/** Bases and adapters in VS Code's list at most; the active adapter is always in it. Nobody could choose among more. */
export const LISTED = { bases: 10, adapters: 40 } as const;

/** A model as VS Code lists it: the fields of LanguageModelChatInformation. */
export interface ChatModel {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly tooltip: string;
  readonly detail: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly capabilities: { readonly imageInput: false; readonly toolCalling: false };
}

/** The id of the entry that is always the active adapter, whichever that is when it is asked. */
const ACTIVE = 'active';
/** Most tokens of an answer. The rest of the context is for the conversation. */
const ANSWER_TOKENS = 2048;
const HASH = 12; // characters, as git shortens

export interface Offered {
  readonly active: OfferedModel | null;
  readonly bases: readonly OfferedModel[];
  readonly adapters: readonly OfferedModel[];
}

/** The models that can hold a conversation: the active adapter first, then bases, then the newest adapters. */
export function chatModels({ active, bases, adapters }: Offered): ChatModel[] {
  return [
    ...(active === null ? [] : shown(active, ACTIVE)),
    ...bases.flatMap((base) => shown(base, `base-${base.fingerprint}`)),
    ...adapters.flatMap((offered) => shown(offered, `adapter-${offered.model.adapter?.id ?? 0}`)),
  ];
}

function shown({ model, fingerprint, abilities }: OfferedModel, id: string): ChatModel[] {
  // A base without a chat template would fail each request.
  if (abilities?.chat !== true) return [];
  const { maxLength, parameters } = abilities;
  const { adapter } = model;
  const family = oneLine(baseLabel(model.base));
  const maxOutputTokens = Math.min(ANSWER_TOKENS, maxLength >> 1);
  const name = adapter === null ? family : oneLine(adapter.name);
  const what = adapter === null ? 'Base model without an adapter' : `Adapter ${adapter.id} on ${family}`;
  return [
    {
      ...{ id, name: id === ACTIVE ? `Active adapter: ${name}` : name, family },
      version: (adapter?.hash ?? fingerprint).slice(0, HASH),
      detail: adapter === null ? 'base' : family,
      tooltip: `${what}: ${parametersText(parameters)}, ${countText(maxLength)} tokens. It answers on this machine.`,
      ...{ maxInputTokens: maxLength - maxOutputTokens, maxOutputTokens },
      capabilities: { imageInput: false, toolCalling: false },
    },
  ];
}

/** Which model of the daemon an entry means. */
export function choiceOf(
  id: string,
  workspace: string | undefined,
): { adapter?: number; base?: string; workspace?: string } {
  const [, kind, which = ''] = /^(base|adapter)-(.+)$/.exec(id) ?? [];
  if (kind === 'adapter') return { adapter: Number(which) };
  if (kind === 'base') return { base: which };
  return workspace === undefined ? {} : { workspace };
}
