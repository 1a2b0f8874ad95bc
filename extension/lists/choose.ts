import * as vscode from 'vscode';
import { type App, chosen } from '../app.ts';
import { pickWithBack } from '../back.ts';
import { CONTEXTS, type ContextName } from '../contributions.ts';
import {
  EVERYTHING,
  FACET_LABELS,
  type Facet,
  type Facts,
  isNarrowed,
  type Narrowing,
  narrowingText,
  type Sort,
  SORT_LABELS,
  SORTS,
  valuesOf,
} from './narrow.ts';

/** What a person chose to see of a list, and in which order; kept for this workspace. */
export interface NarrowedList {
  get(): Narrowing;
  /** Lets a person filter by words, or by a value that items have. */
  filter(facts: readonly Facts[]): Promise<void>;
  sort(): Promise<void>;
  clear(): Promise<void>;
  /** Says beside the title of the view what is shown of how much. */
  tell(view: vscode.TreeView<unknown>, shown: number, all: number): void;
}

/** `key`: the name of the list, `what`: its items, for people. */
export function narrowedList(
  { context }: App,
  { key, what, filtered }: { key: string; what: string; filtered: ContextName },
  changed: () => void,
): NarrowedList {
  const { workspaceState } = context;
  const stored = `narrowing ${key}`;
  const get = (): Narrowing => ({ ...EVERYTHING, ...workspaceState.get<Partial<Narrowing>>(stored) });
  const set = async (narrowing: Narrowing): Promise<void> => {
    await workspaceState.update(stored, narrowing);
    await tellContext();
    changed();
  };
  const tellContext = (): Thenable<unknown> =>
    vscode.commands.executeCommand('setContext', CONTEXTS[filtered], isNarrowed(get()));
  void tellContext();

  return {
    get,
    filter: async (facts) => set(await pickFilter(`Filter ${what}`, get(), facts)),
    async sort() {
      const now = get();
      const items = SORTS.map((sort: Sort) => ({
        label: `${sort === now.sort ? '$(check) ' : '$(blank) '}${SORT_LABELS[sort]}`,
        sort,
      }));
      const { sort } = chosen(await vscode.window.showQuickPick(items, { title: `Sort ${what}` }));
      await set({ ...now, sort });
    },
    clear: () => set({ ...get(), words: '', facets: {} }),
    tell(view, shown, all) {
      const now = get();
      const on = isNarrowed(now);
      view.description = on ? narrowingText(now, shown, all) : '';
      view.message = on && shown === 0 && all > 0 ? 'Nothing fits the filter.' : '';
    },
  };
}

type Item = vscode.QuickPickItem & { readonly narrowing?: Narrowing };

/** One pick: typed words are a filter, and the lines below are values to filter by. */
async function pickFilter(title: string, now: Narrowing, facts: readonly Facts[]): Promise<Narrowing> {
  const values = valuesOf(facts);
  const toggled = (facet: Facet, value: string): Narrowing => {
    const { [facet]: before, ...others } = now.facets;
    return { ...now, facets: before === value ? others : { ...others, [facet]: value } };
  };
  const itemsOf = (words: string): Item[] => {
    const plain = words.trim();
    const items: Item[] = [];
    if (plain !== now.words)
      items.push({
        label: plain === '' ? '$(clear-all) Any words' : `$(search) Show what contains “${plain}”`,
        alwaysShow: true,
        narrowing: { ...now, words: plain },
      });
    if (isNarrowed(now))
      items.push({
        label: '$(clear-all) Show everything',
        alwaysShow: true,
        narrowing: { ...EVERYTHING, sort: now.sort },
      });
    let last: Facet | undefined;
    for (const { facet, value, count } of values) {
      if (facet !== last) items.push({ label: FACET_LABELS[facet], kind: vscode.QuickPickItemKind.Separator });
      last = facet;
      items.push({
        label: `${now.facets[facet] === value ? '$(check)' : '$(filter)'} ${value}`,
        description: `${FACET_LABELS[facet].toLowerCase()}, ${count}`,
        narrowing: toggled(facet, value),
      });
    }
    return items;
  };
  const placeholder = 'Type words of a name, a note or a file, or choose below';
  const picked = await pickWithBack({ title, placeholder, back: false, items: itemsOf(now.words) }, (list) => {
    list.value = now.words;
    list.onDidChangeValue((words) => (list.items = itemsOf(words)));
  });
  return chosen(picked?.narrowing);
}
