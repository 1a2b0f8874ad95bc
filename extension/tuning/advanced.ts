import * as vscode from 'vscode';
import type { Description, Setting } from '../../daemon/protocol/settings.ts';
import { defaultText, type SettingValue, valueText } from '../../daemon/settings/setting.ts';
import { type Draft, draftSettings } from './draft.ts';
import { fieldsFor, methodOf, parseField } from './fields.ts';
import type { TrainSettings } from './training.ts';

type Item = vscode.QuickPickItem & { setting?: Setting; done?: true };

/**
 * Lets a person change settings one after another until Done (or Escape). Returns what differs from the preset. `first`: the setting that
 * is selected when the form opens.
 */
export async function chooseSettings(draft: Draft, first?: string): Promise<Partial<TrainSettings>> {
  let { changes } = draft;
  let last = first;
  for (;;) {
    const picked = await pickSetting({ ...draft, changes }, last);
    if (picked === undefined) return changes;
    last = picked.name;
    const value = await askValue(picked, draftSettings({ ...draft, changes })[picked.name]);
    if (value.given) changes = withChange(draft.described, changes, picked.name, value.value);
  }
}

/** Adds one change. If it is the method, changes of settings that the new method does not have are dropped. */
function withChange(
  described: Description,
  changes: Partial<TrainSettings>,
  name: string,
  value: SettingValue | undefined,
): Partial<TrainSettings> {
  const all = { ...changes, [name]: value } as Partial<TrainSettings>;
  if (name !== 'method') return all;
  const has = fieldsFor(described, methodOf(described, all)).flatMap(({ settings }) => settings);
  return Object.fromEntries(Object.entries(all).filter(([key]) => has.some((setting) => setting.name === key)));
}

function pickSetting(draft: Draft, last: string | undefined): Promise<Setting | undefined> {
  const settings = draftSettings(draft);
  const items: Item[] = [{ label: '$(check) Done', done: true }];
  for (const group of fieldsFor(draft.described, methodOf(draft.described, settings))) {
    items.push({ label: group.label, kind: vscode.QuickPickItemKind.Separator });
    for (const setting of group.settings) {
      const value = settings[setting.name];
      items.push({
        label: `${draft.changes[setting.name] === undefined ? '' : '$(edit) '}${setting.label}`,
        description: value === undefined ? defaultText(setting) : valueText(value),
        detail: setting.help,
        setting,
      });
    }
  }
  return new Promise((resolve) => {
    const list = vscode.window.createQuickPick<Item>();
    list.title = 'Advanced Settings';
    list.placeholder = 'Choose a setting to change it; Escape goes back';
    list.matchOnDescription = list.matchOnDetail = true;
    list.items = items;
    const before = items.find(({ setting }) => setting !== undefined && setting.name === last);
    if (before !== undefined) list.activeItems = [before];
    list.onDidAccept(() => {
      resolve(list.activeItems[0]?.setting);
      list.hide();
    });
    list.onDidHide(() => {
      resolve(undefined);
      list.dispose();
    });
    list.show();
  });
}

/** Asks for the value of one setting. Not given: the person went back. Without a value: the default. */
export async function askValue(
  setting: Setting,
  now: SettingValue | undefined,
): Promise<{ given: boolean; value?: SettingValue | undefined }> {
  const standard = { label: '$(discard) Default', description: defaultText(setting), value: '' };
  if (setting.kind === 'choice' || setting.kind === 'flag') {
    const values = setting.kind === 'choice' ? setting.values : ['yes', 'no'].map((value) => ({ value, label: '' }));
    const items = values.map(({ value, label }) => ({
      label: value,
      description: label,
      ...(now !== undefined && value === valueText(now) ? { detail: 'now' } : {}),
      value,
    }));
    const picked = await vscode.window.showQuickPick([...items, standard], {
      title: setting.label,
      placeHolder: setting.help,
    });
    return picked === undefined ? { given: false } : { given: true, value: parseField(setting, picked.value) };
  }
  const text = await vscode.window.showInputBox({
    title: setting.label,
    prompt: setting.kind === 'texts' ? `${setting.help} Separate them with |.` : setting.help,
    placeHolder: `empty: ${defaultText(setting)}`,
    value: now === undefined ? '' : valueText(now),
    validateInput: (typed) => faultOf(setting, typed),
  });
  return text === undefined ? { given: false } : { given: true, value: parseField(setting, text) };
}

function faultOf(setting: Setting, typed: string): string | undefined {
  try {
    parseField(setting, typed);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
