import { datasetEndings } from '../../daemon/data/readers/registry.ts';
import { COMMANDS, type CommandName, ITEMS, VIEWS } from '../contributions.ts';

interface Described {
  readonly title: string;
  readonly icon?: string;
  /** Hidden from the palette, because it needs the item that was clicked. */
  readonly clicked?: true;
}

/** Titles that people read. A missing one does not compile. */
export const COMMAND_TITLES: Readonly<Record<CommandName, Described>> = {
  fineTune: { title: 'Fine-tune with VeRA...', icon: '$(mortar-board)' },
  openPanel: { title: 'Open Training Panel', icon: '$(graph-line)' },
  pickAdapter: { title: 'Choose Active Adapter...', icon: '$(layers)' },
  activateAdapter: { title: 'Activate', icon: '$(pass)', clicked: true },
  deactivateAdapter: { title: 'Deactivate', icon: '$(circle-slash)', clicked: true },
  tryAdapter: { title: 'Try It...', icon: '$(beaker)' },
  renameAdapter: { title: 'Rename...', clicked: true },
  noteAdapter: { title: 'Edit Note...', clicked: true },
  compareAdapter: { title: 'Compare with...', clicked: true },
  evaluateAdapter: { title: 'Evaluate Completions...', icon: '$(checklist)', clicked: true },
  mergeAdapter: { title: 'Merge into Model...', icon: '$(git-merge)', clicked: true },
  exportAdapter: { title: 'Export...', icon: '$(export)', clicked: true },
  deleteAdapter: { title: 'Delete', clicked: true },
  revealAdapter: { title: 'Reveal Run Folder', clicked: true },
  importAdapter: { title: 'Import Adapter...', icon: '$(cloud-upload)' },
  restoreAdapter: { title: 'Restore Deleted Adapter...' },
  openRun: { title: 'Open in Training Panel', icon: '$(graph-line)', clicked: true },
  pauseRun: { title: 'Pause', icon: '$(debug-pause)', clicked: true },
  resumeRun: { title: 'Resume', icon: '$(debug-continue)', clicked: true },
  cancelRun: { title: 'Cancel', icon: '$(debug-stop)', clicked: true },
  retryRun: { title: 'Try Again', icon: '$(debug-restart)', clicked: true },
  runAgain: { title: 'Run Again with Changes...', clicked: true },
  revealRun: { title: 'Reveal Folder', clicked: true },
  downloadModel: { title: 'Add or Download Model...', icon: '$(cloud-download)' },
  fineTuneModel: { title: 'Fine-tune This Model...', icon: '$(mortar-board)', clicked: true },
  copyFingerprint: { title: 'Copy Fingerprint', clicked: true },
  showCompletionTexts: { title: 'Show Stored Completions' },
  forgetCompletions: { title: 'Delete Counts and Texts of Completions...' },
  pauseCompletionCounts: { title: 'Pause or Resume Counting Completions' },
  showLog: { title: 'Show Log' },
  stopDaemon: { title: 'Stop Daemon' },
  toggleInline: { title: 'Turn Inline Completions On or Off' },
  snoozeInline: { title: 'Snooze Inline Completions...' },
  triggerInline: { title: 'Trigger Inline Completion' },
  inlineStatus: { title: 'Inline Completions...' },
};

interface Entry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

/**
 * Commands that start work need a trusted workspace. Each command checks that itself too, because a hidden one can still be
 * called.
 */
const TRUSTED = 'isWorkspaceTrusted';
const isDataset = `resourceExtname =~ /^(${datasetEndings.map((ending) => `\\${ending}`).join('|')})$/i`;
const IN_VIEW = (view: string, items: string): string => `view == ${view} && viewItem =~ ${items}`;
const adapter = IN_VIEW(VIEWS.adapters, '/^adapter/');
const run = (...items: string[]): string =>
  IN_VIEW(VIEWS.runs, `/^(${items.map((item) => item.replace('.', '\\.')).join('|')})$/`);

export const MENUS: Readonly<Record<string, readonly Entry[]>> = {
  'explorer/context': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && (explorerResourceIsFolder || ${isDataset})`, group: '5_vera@1' },
  ],
  'editor/title': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && resourceScheme == file && ${isDataset}`, group: 'navigation@5' },
  ],
  'editor/title/context': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && resourceScheme == file && ${isDataset}`, group: '5_vera@1' },
  ],
  commandPalette: [
    ...Object.entries(COMMAND_TITLES)
      .filter(([, { clicked }]) => clicked)
      .map(([name]) => ({ command: COMMANDS[name as CommandName], when: 'false' })),
    { command: COMMANDS.fineTune, when: TRUSTED },
    { command: COMMANDS.importAdapter, when: TRUSTED },
    { command: COMMANDS.downloadModel, when: TRUSTED },
    { command: COMMANDS.triggerInline, when: `${TRUSTED} && editorTextFocus` },
  ],
  'view/title': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && view == ${VIEWS.runs}`, group: 'navigation@1' },
    { command: COMMANDS.openPanel, when: `view == ${VIEWS.runs}`, group: 'navigation@2' },
    { command: COMMANDS.importAdapter, when: `${TRUSTED} && view == ${VIEWS.adapters}`, group: 'navigation@1' },
    { command: COMMANDS.restoreAdapter, when: `view == ${VIEWS.adapters}`, group: '2_trash@1' },
    { command: COMMANDS.downloadModel, when: `${TRUSTED} && view == ${VIEWS.models}`, group: 'navigation@1' },
    { command: COMMANDS.showLog, when: `view == ${VIEWS.runs}`, group: '9_daemon@1' },
    { command: COMMANDS.stopDaemon, when: `view == ${VIEWS.runs}`, group: '9_daemon@2' },
  ],
  'view/item/context': [
    { command: COMMANDS.activateAdapter, when: IN_VIEW(VIEWS.adapters, `/^${ITEMS.adapter}$/`), group: 'inline@1' },
    {
      command: COMMANDS.deactivateAdapter,
      when: IN_VIEW(VIEWS.adapters, `/^${ITEMS.activeAdapter.replace('.', '\\.')}$/`),
      group: 'inline@1',
    },
    { command: COMMANDS.activateAdapter, when: IN_VIEW(VIEWS.adapters, `/^${ITEMS.adapter}$/`), group: '1_use@1' },
    {
      command: COMMANDS.deactivateAdapter,
      when: IN_VIEW(VIEWS.adapters, `/^${ITEMS.activeAdapter.replace('.', '\\.')}$/`),
      group: '1_use@1',
    },
    { command: COMMANDS.tryAdapter, when: adapter, group: '1_use@2' },
    { command: COMMANDS.tryAdapter, when: adapter, group: 'inline@2' },
    { command: COMMANDS.compareAdapter, when: adapter, group: '1_use@3' },
    { command: COMMANDS.evaluateAdapter, when: `${TRUSTED} && ${adapter}`, group: '1_use@4' },
    { command: COMMANDS.mergeAdapter, when: `${TRUSTED} && ${adapter}`, group: '2_out@1' },
    { command: COMMANDS.exportAdapter, when: `${TRUSTED} && ${adapter}`, group: '2_out@2' },
    { command: COMMANDS.revealAdapter, when: adapter, group: '2_out@3' },
    { command: COMMANDS.renameAdapter, when: adapter, group: '3_edit@1' },
    { command: COMMANDS.noteAdapter, when: adapter, group: '3_edit@2' },
    { command: COMMANDS.deleteAdapter, when: adapter, group: '9_delete@1' },
    { command: COMMANDS.pauseRun, when: run(ITEMS.runningRun, ITEMS.queuedRun), group: 'inline@1' },
    { command: COMMANDS.resumeRun, when: run(ITEMS.pausedRun), group: 'inline@1' },
    { command: COMMANDS.retryRun, when: run(ITEMS.failedRun), group: 'inline@1' },
    {
      command: COMMANDS.cancelRun,
      when: run(ITEMS.runningRun, ITEMS.queuedRun, ITEMS.pausedRun, ITEMS.work),
      group: 'inline@2',
    },
    { command: COMMANDS.openRun, when: IN_VIEW(VIEWS.runs, '/^run\\./'), group: '1_open@1' },
    { command: COMMANDS.runAgain, when: `${TRUSTED} && ${IN_VIEW(VIEWS.runs, '/^run\\./')}`, group: '1_open@2' },
    { command: COMMANDS.revealRun, when: IN_VIEW(VIEWS.runs, '/^run\\./'), group: '1_open@3' },
    {
      command: COMMANDS.fineTuneModel,
      when: `${TRUSTED} && ${IN_VIEW(VIEWS.models, `/^${ITEMS.model}$/`)}`,
      group: 'inline@1',
    },
    { command: COMMANDS.copyFingerprint, when: IN_VIEW(VIEWS.models, `/^${ITEMS.model}$/`), group: '1_copy@1' },
  ],
};
