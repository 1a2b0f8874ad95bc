import * as vscode from 'vscode';
import type { Description, Setting } from '../../daemon/protocol/settings.ts';
import { defaultText, type SettingValue, shortRange, valueText } from '../../daemon/settings/setting.ts';
import { type Draft, draftSettings } from './draft.ts';
import { fieldsFor, methodOf, parseField } from './fields.ts';
import { askLabel, type Label, LABELS } from './labels.ts';
import type { TrainSettings } from './training.ts';

type Item = vscode.QuickPickItem & { chosen?: Setting | Label };

/**
 * Lets a person change settings and labels of a run one after another until Done (or Escape). Returns the draft with the
 * changes. `setting`: the one that is selected when the form opens.
 */
export async function chooseSettings(first: Draft, setting?: string): Promise<Draft> {
  let draft = first;
  let last = setting;
  for (;;) {
    const picked = await pickSetting(draft, last);
    if (picked === undefined) return draft;
    last = idOf(picked);
    if ('key' in picked) {
      draft = { ...draft, ...(await askLabel(picked, draft)) };
      continue;
    }
    const value = await askValue(picked, draftSettings(draft)[picked.name]);
    if (value.given)
      draft = { ...draft, changes: withChange(draft.described, draft.changes, picked.name, value.value) };
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

const idOf = (chosen: Setting | Label): string => ('key' in chosen ? chosen.key : chosen.name);

function pickSetting(draft: Draft, last: string | undefined): Promise<Setting | Label | undefined> {
  const settings = draftSettings(draft);
  const items: Item[] = [
    { label: '$(check) Done' },
    { label: 'Run and adapter', kind: vscode.QuickPickItemKind.Separator },
    ...LABELS.map((one) => ({ label: one.label, description: one.text(draft), detail: one.help, chosen: one })),
  ];
  for (const group of fieldsFor(draft.described, methodOf(draft.described, settings))) {
    items.push({ label: group.label, kind: vscode.QuickPickItemKind.Separator });
    for (const setting of group.settings) {
      const value = settings[setting.name];
      items.push({
        label: `${draft.changes[setting.name] === undefined ? '' : '$(edit) '}${setting.label}`,
        description: value === undefined ? defaultText(setting) : valueText(value),
        detail: setting.help,
        chosen: setting,
      });
    }
  }
  return new Promise((resolve) => {
    const list = vscode.window.createQuickPick<Item>();
    list.title = 'Advanced Settings';
    list.placeholder = 'Choose a setting to change it, or type to find one; Escape goes back';
    list.matchOnDescription = list.matchOnDetail = true;
    list.items = items;
    const before = items.find(({ chosen }) => chosen !== undefined && idOf(chosen) === last);
    if (before !== undefined) list.activeItems = [before];
    list.onDidAccept(() => {
      resolve(list.activeItems[0]?.chosen);
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
    prompt: promptOf(setting),
    placeHolder: `empty: ${defaultText(setting)}`,
    value: now === undefined ? '' : valueText(now),
    validateInput: (typed) => faultOf(setting, typed),
  });
  return text === undefined ? { given: false } : { given: true, value: parseField(setting, text) };
}

/** What a setting is for and what it may be, before anything is typed. */
function promptOf(setting: Setting): string {
  if (setting.kind === 'texts') return `${setting.help} Separate them with |.`;
  const range = shortRange(setting);
  if (range === undefined) return setting.help;
  const unit = setting.kind === 'number' && setting.unit !== undefined ? ` ${setting.unit}` : '';
  return `${setting.help} Possible: ${range}${unit}.`;
}

function faultOf(setting: Setting, typed: string): string | undefined {
  try {
    parseField(setting, typed);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
