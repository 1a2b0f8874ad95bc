import * as vscode from 'vscode';
import { SETTINGS, type SettingName, SETTINGS_SECTION } from './contributions.ts';

/** The value of a setting. `of`: a file or folder whose workspace folder's settings apply. */
export function setting<T>(name: SettingName, fallback: T, of?: vscode.Uri): T {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION, of).get<T>(SETTINGS[name], fallback);
}

export const changesSetting = (event: vscode.ConfigurationChangeEvent, name: SettingName): boolean =>
  event.affectsConfiguration(`${SETTINGS_SECTION}.${SETTINGS[name]}`);

/** Sets VERA_HOME to the state folder from the settings, because daemon and client look there. */
export function useStateFolder(): void {
  const folder = setting('stateFolder', '').trim();
  if (folder !== '') process.env['VERA_HOME'] = folder;
}

/** The arguments that a daemon is started with. */
export function daemonArgs(): string[] {
  const maxRunning = setting('maxRunning', 0);
  return [
    '--idle-minutes',
    String(setting('idleMinutes', 60)),
    '--serve-precision',
    setting('servePrecision', 'auto'),
    ...(maxRunning > 0 ? ['--max-running', String(maxRunning)] : []),
  ];
}
