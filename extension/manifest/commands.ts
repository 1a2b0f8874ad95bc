import { datasetEndings, offeredNames } from '../../daemon/data/readers/registry.ts';
import { BY_KEY, COMMANDS, type CommandName, CONTEXTS, ITEMS, type ViewName, VIEWS } from '../contributions.ts';

interface Described {
  readonly title: string;
  readonly icon?: string;
  /** Hidden from the palette, because it needs the item that was clicked. */
  readonly clicked?: true;
  /** Its title says whose command it is, so the palette shows it without a category. */
  readonly plain?: true;
}

/** Titles that people read. A missing one does not compile. */
export const COMMAND_TITLES: Readonly<Record<CommandName, Described>> = {
  fineTune: { title: 'Fine-tune with VeRA...', icon: '$(mortar-board)', plain: true },
  openPanel: { title: 'Open Training Panel', icon: '$(graph-line)' },
  pickAdapter: { title: 'Choose Active Adapter...', icon: '$(layers)' },
  activateAdapter: { title: 'Activate', icon: '$(pass)', clicked: true },
  deactivateAdapter: { title: 'Deactivate', icon: '$(circle-slash)', clicked: true },
  tryAdapter: { title: 'Try It...', icon: '$(beaker)' },
  renameAdapter: { title: 'Rename Adapter...' },
  noteAdapter: { title: 'Edit Note of Adapter...' },
  tagAdapter: { title: 'Edit Tags of Adapters...' },
  moveAdapter: { title: 'Move to Another Project...' },
  compareAdapter: { title: 'Compare Adapters...' },
  evaluateAdapter: { title: 'Evaluate Completions...', icon: '$(checklist)' },
  mergeAdapter: { title: 'Merge into Model...', icon: '$(git-merge)' },
  exportAdapter: { title: 'Export Adapter...', icon: '$(export)' },
  packAdapter: { title: 'Save Adapter as One File...' },
  deleteAdapter: { title: 'Delete Adapters...', icon: '$(trash)' },
  revealAdapter: { title: 'Reveal Run Folder', clicked: true },
  importAdapter: { title: 'Import Adapter...', icon: '$(folder-opened)' },
  restoreAdapter: { title: 'Restore Deleted Adapters...' },
  newProject: { title: 'New Project...', icon: '$(new-folder)' },
  renameProject: { title: 'Rename Project...' },
  deleteProject: { title: 'Delete Project...', clicked: true },
  filterAdapters: { title: 'Filter Adapters...', icon: '$(filter)' },
  clearAdaptersFilter: { title: 'Show All Adapters', icon: '$(clear-all)' },
  sortAdapters: { title: 'Sort Adapters...' },
  openRun: { title: 'Open Run in Training Panel...', icon: '$(graph-line)' },
  pauseRun: { title: 'Pause Run', icon: '$(debug-pause)' },
  resumeRun: { title: 'Resume Run', icon: '$(debug-continue)' },
  cancelRun: { title: 'Cancel Run', icon: '$(debug-stop)' },
  retryRun: { title: 'Try Run Again', icon: '$(debug-restart)' },
  runAgain: { title: 'Run Again with Changes...' },
  revealRun: { title: 'Reveal Folder', clicked: true },
  renameRun: { title: 'Rename Run...' },
  deleteRun: { title: 'Delete Runs...', icon: '$(trash)' },
  restoreRun: { title: 'Restore Deleted Runs...' },
  filterRuns: { title: 'Filter Runs...', icon: '$(filter)' },
  clearRunsFilter: { title: 'Show All Runs', icon: '$(clear-all)' },
  sortRuns: { title: 'Sort Runs...' },
  downloadModel: { title: 'Add or Download Model...', icon: '$(cloud-download)' },
  fineTuneModel: { title: 'Fine-tune This Model...', icon: '$(mortar-board)' },
  copyFingerprint: { title: 'Copy Fingerprint', clicked: true },
  revealModel: { title: 'Reveal Model Files', clicked: true },
  removeModel: { title: 'Remove Model...', clicked: true },
  retryDownload: { title: 'Try Download Again', icon: '$(debug-restart)', clicked: true },
  showDownload: { title: 'Show What Went Wrong', clicked: true },
  showCompletionTexts: { title: 'Show Stored Completions' },
  forgetCompletions: { title: 'Delete Counts and Texts of Completions...' },
  pauseCompletionCounts: { title: 'Pause or Resume Counting Completions' },
  showLog: { title: 'Show Log' },
  showDaemonLog: { title: 'Show Log of the Daemon' },
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
const WORK = [
  'fineTune',
  'importAdapter',
  'downloadModel',
  'fineTuneModel',
  'runAgain',
  'evaluateAdapter',
  'mergeAdapter',
  'exportAdapter',
] as const satisfies CommandName[];
const isOffered = `resourceFilename =~ /${offeredNames}/i`;
const isDataset = `resourceExtname =~ /^(${datasetEndings.map((ending) => `\\${ending}`).join('|')})$/i`;
const IN_VIEW = (view: string, items: string): string => `view == ${view} && viewItem =~ ${items}`;
const adapter = IN_VIEW(VIEWS.adapters, '/^adapter/');
const run = (...items: string[]): string =>
  IN_VIEW(VIEWS.runs, `/^(${items.map((item) => item.replace('.', '\\.')).join('|')})$/`);

const INLINE = 'inline';
const activeItem = IN_VIEW(VIEWS.adapters, `/^${ITEMS.activeAdapter.replace('.', '\\.')}$/`);
const otherItem = IN_VIEW(VIEWS.adapters, `/^${ITEMS.adapter}$/`);
const project = IN_VIEW(VIEWS.adapters, `/^${ITEMS.project.replace('.', '\\.')}$/`);
const anyRun = IN_VIEW(VIEWS.runs, '/^run\\./');
const model = IN_VIEW(VIEWS.models, `/^${ITEMS.model}$/`);
const failedDownload = IN_VIEW(VIEWS.models, `/^${ITEMS.failedDownload.replace('.', '\\.')}$/`);
/** A command as an icon of an item, and in its menu, where the keyboard reaches it too. */
const both = (name: CommandName, when: string, icon: number, group: string): Entry[] => [
  { command: COMMANDS[name], when, group: `${INLINE}@${icon}` },
  { command: COMMANDS[name], when, group },
];
const filterEntries = (view: ViewName, filter: CommandName, clear: CommandName, sort: CommandName): Entry[] => {
  const filtered = CONTEXTS[view === 'adapters' ? 'adaptersFiltered' : 'runsFiltered'];
  const here = `view == ${VIEWS[view]}`;
  return [
    { command: COMMANDS[filter], when: here, group: 'navigation@5' },
    { command: COMMANDS[clear], when: `${here} && ${filtered}`, group: 'navigation@6' },
    { command: COMMANDS[sort], when: here, group: '1_sort@1' },
  ];
};

export const MENUS: Readonly<Record<string, readonly Entry[]>> = {
  'explorer/context': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && (explorerResourceIsFolder || ${isOffered})`, group: '5_vera@1' },
  ],
  'editor/title': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && resourceScheme == file && ${isDataset}`, group: 'navigation@5' },
  ],
  'editor/title/context': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && resourceScheme == file && ${isOffered}`, group: '5_vera@1' },
  ],
  commandPalette: [
    ...Object.entries(COMMAND_TITLES)
      .filter(([, { clicked }]) => clicked)
      .map(([name]) => ({ command: COMMANDS[name as CommandName], when: 'false' })),
    ...WORK.map((name) => ({ command: COMMANDS[name], when: TRUSTED })),
    { command: COMMANDS.triggerInline, when: `${TRUSTED} && editorTextFocus` },
  ],
  'view/title': [
    { command: COMMANDS.fineTune, when: `${TRUSTED} && view == ${VIEWS.runs}`, group: 'navigation@1' },
    { command: COMMANDS.openPanel, when: `view == ${VIEWS.runs}`, group: 'navigation@2' },
    ...filterEntries('runs', 'filterRuns', 'clearRunsFilter', 'sortRuns'),
    { command: COMMANDS.restoreRun, when: `view == ${VIEWS.runs}`, group: '2_trash@1' },
    { command: COMMANDS.importAdapter, when: `${TRUSTED} && view == ${VIEWS.adapters}`, group: 'navigation@1' },
    ...filterEntries('adapters', 'filterAdapters', 'clearAdaptersFilter', 'sortAdapters'),
    { command: COMMANDS.newProject, when: `view == ${VIEWS.adapters}`, group: '1_sort@2' },
    { command: COMMANDS.restoreAdapter, when: `view == ${VIEWS.adapters}`, group: '2_trash@1' },
    { command: COMMANDS.downloadModel, when: `${TRUSTED} && view == ${VIEWS.models}`, group: 'navigation@1' },
    { command: COMMANDS.showLog, when: `view == ${VIEWS.runs}`, group: '9_daemon@1' },
    { command: COMMANDS.showDaemonLog, when: `view == ${VIEWS.runs}`, group: '9_daemon@2' },
    { command: COMMANDS.stopDaemon, when: `view == ${VIEWS.runs}`, group: '9_daemon@3' },
  ],
  'view/item/context': [
    ...both('activateAdapter', otherItem, 1, '1_use@1'),
    ...both('deactivateAdapter', activeItem, 1, '1_use@1'),
    ...both('tryAdapter', adapter, 2, '1_use@2'),
    { command: COMMANDS.compareAdapter, when: adapter, group: '1_use@3' },
    { command: COMMANDS.evaluateAdapter, when: `${TRUSTED} && ${adapter}`, group: '1_use@4' },
    { command: COMMANDS.mergeAdapter, when: `${TRUSTED} && ${adapter}`, group: '2_out@1' },
    { command: COMMANDS.exportAdapter, when: `${TRUSTED} && ${adapter}`, group: '2_out@2' },
    { command: COMMANDS.packAdapter, when: adapter, group: '2_out@3' },
    { command: COMMANDS.openRun, when: adapter, group: '2_out@4' },
    { command: COMMANDS.revealAdapter, when: adapter, group: '2_out@5' },
    { command: COMMANDS.renameAdapter, when: adapter, group: '3_edit@1' },
    { command: COMMANDS.noteAdapter, when: adapter, group: '3_edit@2' },
    { command: COMMANDS.tagAdapter, when: adapter, group: '3_edit@3' },
    { command: COMMANDS.moveAdapter, when: adapter, group: '3_edit@4' },
    { command: COMMANDS.deleteAdapter, when: adapter, group: '9_delete@1' },
    { command: COMMANDS.renameProject, when: project, group: '3_edit@1' },
    { command: COMMANDS.newProject, when: project, group: '3_edit@2' },
    { command: COMMANDS.deleteProject, when: project, group: '9_delete@1' },
    ...both('pauseRun', run(ITEMS.runningRun, ITEMS.queuedRun), 1, '2_state@1'),
    ...both('resumeRun', run(ITEMS.pausedRun), 1, '2_state@2'),
    ...both('retryRun', run(ITEMS.failedRun), 1, '2_state@3'),
    ...both('cancelRun', run(ITEMS.runningRun, ITEMS.queuedRun, ITEMS.pausedRun, ITEMS.work), 2, '2_state@4'),
    { command: COMMANDS.openRun, when: anyRun, group: '1_open@1' },
    { command: COMMANDS.runAgain, when: `${TRUSTED} && ${anyRun}`, group: '1_open@2' },
    { command: COMMANDS.revealRun, when: anyRun, group: '1_open@3' },
    { command: COMMANDS.renameRun, when: anyRun, group: '3_edit@1' },
    {
      command: COMMANDS.deleteRun,
      when: run(ITEMS.endedRun, ITEMS.failedRun, ITEMS.endedWork),
      group: '9_delete@1',
    },
    ...both('fineTuneModel', `${TRUSTED} && ${model}`, 1, '1_use@1'),
    { command: COMMANDS.copyFingerprint, when: model, group: '5_copy@1' },
    { command: COMMANDS.revealModel, when: model, group: '2_out@1' },
    { command: COMMANDS.removeModel, when: model, group: '9_delete@1' },
    ...both('retryDownload', failedDownload, 1, '2_state@1'),
    { command: COMMANDS.showDownload, when: failedDownload, group: '1_open@1' },
    { command: COMMANDS.removeModel, when: failedDownload, group: '9_delete@1' },
  ],
};

/** Keys for the item with the focus, while a view of this extension has it. */
const inList = (view: ViewName): string => `focusedView == ${VIEWS[view]} && listFocus && !inputFocus`;
const key = (name: CommandName, view: ViewName, keys: { key: string; mac?: string }): Record<string, string> => ({
  ...{ command: COMMANDS[name], ...keys },
  ...{ when: inList(view), args: BY_KEY },
});
const F2 = { key: 'f2', mac: 'f2' };
const DELETE = { key: 'delete', mac: 'cmd+backspace' };
const FIND = { key: 'ctrl+f', mac: 'cmd+f' };
export const KEYS: readonly Record<string, string>[] = [
  key('renameAdapter', 'adapters', F2),
  key('removeModel', 'models', DELETE),
  key('deleteAdapter', 'adapters', DELETE),
  key('filterAdapters', 'adapters', FIND),
  key('renameRun', 'runs', F2),
  key('deleteRun', 'runs', DELETE),
  key('filterRuns', 'runs', FIND),
];
