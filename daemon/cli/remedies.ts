import type { Remedy, REMEDIES } from '../protocol/errors.ts';

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

/** The command that does what an error proposes. */
export const commandFor = (remedy: Remedy): string =>
  remedy.do === 'resume'
    ? `vera train --resume ${remedy.folder}${remedy.lr === undefined ? '' : ` --lr ${remedy.lr}`}`
    : COMMANDS[remedy.do];
