import * as vscode from 'vscode';
import { Quiet } from '../app.ts';
import { type Draft, draftSettings } from './draft.ts';
import { type Field, FIELDS, fieldText, parseField, type SettingKey } from './fields.ts';
import type { TrainSettings } from './training.ts';

type Item = vscode.QuickPickItem & { key?: SettingKey; done?: true };

/** Every setting, to be changed one after another until Done (or Escape); returns what differs from the preset. */
export async function chooseSettings(draft: Draft): Promise<Partial<TrainSettings>> {
  let changes = { ...draft.changes };
  let last: SettingKey | undefined;
  for (;;) {
    const picked = await pickSetting({ ...draft, changes }, last);
    if (picked === undefined) return changes;
    last = picked;
    const value = await askValue(FIELDS[picked], draftSettings({ ...draft, changes })[picked]);
    if (value.given) changes = { ...changes, [picked]: value.value };
  }
}

function pickSetting(draft: Draft, last: SettingKey | undefined): Promise<SettingKey | undefined> {
  const settings = draftSettings(draft);
  const items: Item[] = [{ label: '$(check) Done', done: true }];
  let group = '';
  for (const [key, field] of Object.entries(FIELDS) as [SettingKey, Field][]) {
    if (field.group !== group) items.push({ label: field.group, kind: vscode.QuickPickItemKind.Separator });
    group = field.group;
    const value = settings[key];
    items.push({
      label: `${draft.changes[key] === undefined ? '' : '$(edit) '}${field.title}`,
      description: value === undefined ? field.standard : fieldText(value),
      detail: field.help,
      key,
    });
  }
  return new Promise((resolve) => {
    const list = vscode.window.createQuickPick<Item>();
    list.title = 'Advanced Settings';
    list.placeholder = 'Choose a setting to change it; Escape goes back';
    list.matchOnDescription = list.matchOnDetail = true;
    list.items = items;
    const before = items.find(({ key }) => key !== undefined && key === last);
    if (before !== undefined) list.activeItems = [before];
    list.onDidAccept(() => {
      resolve(list.activeItems[0]?.key);
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      list.dispose();
    });
    list.show();
  });
}

async function askValue(field: Field, now: unknown): Promise<{ given: boolean; value?: unknown }> {
  const standard = { label: '$(discard) Standard', description: field.standard };
  if (field.kind === 'choice' || field.kind === 'switch') {
    const values = field.kind === 'switch' ? ['yes', 'no'] : (field.values ?? []);
    const items = [...values.map((label) => ({ label, description: label === now ? 'now' : '' })), standard];
    const picked = await vscode.window.showQuickPick(items, { title: field.title, placeHolder: field.help });
    if (picked === undefined) return { given: false };
    return { given: true, value: picked === standard ? undefined : parseField(field, picked.label) };
  }
  const text = await vscode.window.showInputBox({
    title: field.title,
    prompt: field.help,
    placeHolder: `empty: ${field.standard}`,
    value: now === undefined ? '' : fieldText(now),
    validateInput: (typed) => faultOf(field, typed),
  });
  return text === undefined ? { given: false } : { given: true, value: parseField(field, text) };
}

function faultOf(field: Field, typed: string): string | undefined {
  try {
    parseField(field, typed);
    return undefined;
  } catch (error) {
    if (error instanceof Quiet) return undefined;
    return (error as Error).message;
  }
}
