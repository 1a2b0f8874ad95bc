import * as vscode from 'vscode';
import { SETTINGS, type SettingName, SETTINGS_SECTION } from './contributions.ts';

/** A setting's value; `of` chooses the folder whose settings count. */
export function setting<T>(name: SettingName, fallback: T, of?: vscode.Uri): T {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION, of).get<T>(SETTINGS[name], fallback);
}

export const changesSetting = (event: vscode.ConfigurationChangeEvent, name: SettingName): boolean =>
  event.affectsConfiguration(`${SETTINGS_SECTION}.${SETTINGS[name]}`);

/** Puts the state folder of the settings where daemon and client look for it. */
export function useStateFolder(): void {
  const folder = setting('stateFolder', '').trim();
  if (folder !== '') process.env['VERA_HOME'] = folder;
}

/** What a daemon is started with. */
export function daemonArgs(): string[] {
  const maxRunning = setting('maxRunning', 0);
  return [
    '--idle-minutes',
    String(setting('idleMinutes', 60)),
    ...(maxRunning > 0 ? ['--max-running', String(maxRunning)] : []),
  ];
}
