import type { Remedy, REMEDIES } from '../protocol/errors.ts';
import { flagOf } from '../settings/setting.ts';

const COMMANDS: Readonly<Record<(typeof REMEDIES)[number], string>> = {
  startDaemon: 'vera daemon start',
  stopDaemon: 'vera daemon stop',
  stopDaemonNow: 'vera daemon stop --now',
  restartDaemon: 'vera daemon restart',
  readDaemonLog: 'vera daemon logs',
  evaluateAdapter: 'vera eval DATA --adapter ADAPTER',
  importAdapter: 'vera import FOLDER',
  giveHubToken: 'HF_TOKEN=TOKEN vera ...',
  chooseStateFolder: 'VERA_HOME=FOLDER vera ...',
};

/** The command, or the option of the same command, that does what an error proposes. */
export function commandFor(remedy: Remedy): string {
  switch (remedy.do) {
    case 'resume':
      return `vera train --resume ${remedy.folder}${remedy.lr === undefined ? '' : ` --lr ${remedy.lr}`}`;
    case 'set':
      return `${flagOf({ name: remedy.setting })} ${remedy.value}`;
    case 'mapColumns':
      return `--columns ${quote(remedy.likely ?? 'prompt=COLUMN,completion=COLUMN')}`;
    default:
      return COMMANDS[remedy.do];
  }
}

/** A value as a shell takes it. */
const quote = (value: string): string => (/^[\w=.,:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`);
