import * as vscode from 'vscode';
import type { State } from '../../daemon/inline/completer.ts';
import { type App, chosen } from '../app.ts';
import type { ActiveAdapter } from '../adapters/watch.ts';
import { COMMANDS, INLINE_ITEM, SETTINGS, SETTINGS_SECTION } from '../contributions.ts';
import { setting } from '../settings.ts';
import { oneLine } from '../text.ts';
import { CHOOSE_BASE, chooseRealBase, DEMO_NOTE } from '../tuning/realBase.ts';
import { whyNot } from './choice.ts';

/** What the status bar and its menu say about inline completions. */
export interface InlineStatus {
  /** Shows what is true now. */
  refresh(): void;
  /** Until when nothing is completed, in milliseconds since 1970; 0: it is not snoozed. */
  snoozedUntil(): number;
  readonly commands: {
    readonly toggleInline: () => Promise<void>;
    readonly snoozeInline: () => Promise<void>;
    readonly inlineStatus: () => Promise<void>;
  };
}

const MINUTE = 60_000;
const SNOOZES: readonly (readonly [label: string, ms: number])[] = [
  ['5 minutes', 5 * MINUTE],
  ['30 minutes', 30 * MINUTE],
  ['2 hours', 120 * MINUTE],
  ['Until the window is closed', Infinity],
];

export function createStatus(app: App, active: ActiveAdapter, state: () => State): InlineStatus {
  const item = vscode.window.createStatusBarItem(INLINE_ITEM, vscode.StatusBarAlignment.Right, 89);
  item.name = 'VeRA Inline Completions';
  item.command = COMMANDS.inlineStatus;
  let until = 0;
  let timer: NodeJS.Timeout | undefined;
  const isSnoozed = (): boolean => until > Date.now();

  /** Why there is nothing in the editor that is in front; undefined if there is. */
  const why = (): string | undefined => {
    const document = vscode.window.activeTextEditor?.document;
    if (isSnoozed()) return until === Infinity ? 'snoozed' : `snoozed until ${new Date(until).toLocaleTimeString()}`;
    return (document && whyNot(document)) ?? (setting('inlineEnabled', true) ? undefined : 'turned off');
  };

  const refresh = (): void => {
    const name = active.name() ?? (setting('inlineWithoutAdapter', false) ? 'the base model' : undefined);
    if (!setting('statusBar', true) || name === undefined) return item.hide();
    const { busy, problem } = state();
    const off = why();
    const icon =
      off !== undefined ? 'circle-slash' : problem !== undefined ? 'warning' : busy ? 'loading~spin' : 'sparkle';
    item.text = `$(${icon})`;
    const text =
      off !== undefined
        ? `Inline completions are off: ${off}`
        : problem !== undefined
          ? `No inline completions: ${oneLine(problem.message)}`
          : `Inline completions by ${oneLine(name)}${active.isOfDemo() ? `. ${DEMO_NOTE}` : ''}`;
    item.tooltip = text;
    item.accessibilityInformation = { label: text };
    item.show();
  };

  const snooze = (ms: number): void => {
    clearTimeout(timer);
    until = ms === 0 ? 0 : Date.now() + ms;
    if (Number.isFinite(ms) && ms > 0) timer = setTimeout(refresh, ms + 100);
    refresh();
  };
  const write = async (name: 'inlineEnabled' | 'inlineLanguages', value: unknown): Promise<void> => {
    await vscode.workspace
      .getConfiguration(SETTINGS_SECTION)
      .update(SETTINGS[name], value, vscode.ConfigurationTarget.Global);
  };
  const toggleInline = async (): Promise<void> => {
    if (isSnoozed()) snooze(0);
    else await write('inlineEnabled', !setting('inlineEnabled', true));
    refresh();
  };
  const snoozeInline = async (): Promise<void> => {
    const items = SNOOZES.map(([label, ms]) => ({ label, ms }));
    snooze(chosen(await vscode.window.showQuickPick(items, { title: 'Snooze inline completions for' })).ms);
  };
  const inlineStatus = async (): Promise<void> => {
    type Line = vscode.QuickPickItem & { run: () => unknown };
    const language = vscode.window.activeTextEditor?.document.languageId;
    const languages = setting<Record<string, boolean>>('inlineLanguages', {});
    const isOn = setting('inlineEnabled', true);
    const on = language !== undefined && (languages[language] ?? languages['*'] ?? true);
    const lines: Line[] = [
      isSnoozed()
        ? { label: '$(play) End the snooze', run: () => snooze(0) }
        : { label: isOn ? '$(circle-slash) Turn off' : '$(sparkle) Turn on', run: toggleInline },
      ...(language === undefined
        ? []
        : [
            {
              label: `${on ? '$(circle-slash) Turn off' : '$(sparkle) Turn on'} for ${language}`,
              run: () => write('inlineLanguages', { ...languages, [language]: !on }),
            },
          ]),
      ...(isSnoozed() || !isOn ? [] : [{ label: '$(bell-slash) Snooze...', run: snoozeInline }]),
      ...(active.isOfDemo() ? [{ label: `$(beaker) ${CHOOSE_BASE}`, detail: DEMO_NOTE, run: chooseRealBase }] : []),
      { label: '$(layers) Choose active adapter...', run: () => vscode.commands.executeCommand(COMMANDS.pickAdapter) },
      {
        label: '$(gear) Settings',
        run: () =>
          vscode.commands.executeCommand('workbench.action.openSettings', `${SETTINGS_SECTION}.inlineCompletion`),
      },
      { label: '$(output) Show log', run: () => app.log.show() },
    ];
    const { problem } = state();
    const placeHolder = why() ?? problem?.message ?? `By ${active.name() ?? 'the base model'}`;
    await chosen(
      await vscode.window.showQuickPick(lines, { title: 'Inline completions', placeHolder: oneLine(placeHolder) }),
    ).run();
    refresh();
  };

  app.context.subscriptions.push(item, { dispose: () => clearTimeout(timer) });
  return { refresh, snoozedUntil: () => until, commands: { toggleInline, snoozeInline, inlineStatus } };
}
