/**
 * Every id of this extension that VS Code knows. `npm run manifest` writes the manifest from this file and
 * extension/manifest/.
 */

export const COMMANDS = {
  fineTune: 'veraStudio.fineTune',
  openPanel: 'veraStudio.openPanel',
  pickAdapter: 'veraStudio.pickAdapter',
  activateAdapter: 'veraStudio.activateAdapter',
  deactivateAdapter: 'veraStudio.deactivateAdapter',
  tryAdapter: 'veraStudio.tryAdapter',
  renameAdapter: 'veraStudio.renameAdapter',
  noteAdapter: 'veraStudio.noteAdapter',
  tagAdapter: 'veraStudio.tagAdapter',
  moveAdapter: 'veraStudio.moveAdapter',
  compareAdapter: 'veraStudio.compareAdapter',
  evaluateAdapter: 'veraStudio.evaluateAdapter',
  mergeAdapter: 'veraStudio.mergeAdapter',
  exportAdapter: 'veraStudio.exportAdapter',
  deleteAdapter: 'veraStudio.deleteAdapter',
  revealAdapter: 'veraStudio.revealAdapter',
  importAdapter: 'veraStudio.importAdapter',
  restoreAdapter: 'veraStudio.restoreAdapter',
  packAdapter: 'veraStudio.packAdapter',
  newProject: 'veraStudio.newProject',
  renameProject: 'veraStudio.renameProject',
  deleteProject: 'veraStudio.deleteProject',
  filterAdapters: 'veraStudio.filterAdapters',
  clearAdaptersFilter: 'veraStudio.clearAdaptersFilter',
  sortAdapters: 'veraStudio.sortAdapters',
  openRun: 'veraStudio.openRun',
  pauseRun: 'veraStudio.pauseRun',
  resumeRun: 'veraStudio.resumeRun',
  cancelRun: 'veraStudio.cancelRun',
  retryRun: 'veraStudio.retryRun',
  runAgain: 'veraStudio.runAgain',
  revealRun: 'veraStudio.revealRun',
  renameRun: 'veraStudio.renameRun',
  deleteRun: 'veraStudio.deleteRun',
  restoreRun: 'veraStudio.restoreRun',
  filterRuns: 'veraStudio.filterRuns',
  clearRunsFilter: 'veraStudio.clearRunsFilter',
  sortRuns: 'veraStudio.sortRuns',
  downloadModel: 'veraStudio.downloadModel',
  fineTuneModel: 'veraStudio.fineTuneModel',
  copyFingerprint: 'veraStudio.copyFingerprint',
  revealModel: 'veraStudio.revealModel',
  removeModel: 'veraStudio.removeModel',
  retryDownload: 'veraStudio.retryDownload',
  showDownload: 'veraStudio.showDownload',
  showCompletionTexts: 'veraStudio.showCompletionTexts',
  forgetCompletions: 'veraStudio.forgetCompletions',
  pauseCompletionCounts: 'veraStudio.pauseCompletionCounts',
  showLog: 'veraStudio.showLog',
  showDaemonLog: 'veraStudio.showDaemonLog',
  stopDaemon: 'veraStudio.stopDaemon',
  toggleInline: 'veraStudio.toggleInlineCompletion',
  snoozeInline: 'veraStudio.snoozeInlineCompletion',
  triggerInline: 'veraStudio.triggerInlineCompletion',
  inlineStatus: 'veraStudio.inlineCompletionStatus',
} as const;
export type CommandName = keyof typeof COMMANDS;

export const CONTAINER = 'veraStudio';
export const VIEWS = {
  adapters: 'veraStudio.adapters',
  runs: 'veraStudio.runs',
  models: 'veraStudio.models',
} as const;
export type ViewName = keyof typeof VIEWS;

/** Type of the webview panel. */
export const PANEL = 'veraStudio.training';
export const STATUS_ITEM = 'veraStudio.status';
export const INLINE_ITEM = 'veraStudio.inlineStatus';
/** Under which VS Code lists our chat models. */
export const CHAT_VENDOR = 'vera';
export const PARTICIPANT = 'veraStudio.vera';
/** Scheme of the read-only document that lists stored texts of completions. */
export const TEXTS_SCHEME = 'vera-completions';
export const WALKTHROUGH = 'veraStudio.start';

/** `contextValue` of the items in views. Menu entries name the items they are for. */
export const ITEMS = {
  adapter: 'adapter',
  activeAdapter: 'adapter.active',
  group: 'group',
  project: 'group.project',
  queuedRun: 'run.queued',
  runningRun: 'run.running',
  stoppingRun: 'run.stopping',
  pausedRun: 'run.paused',
  endedRun: 'run.ended',
  failedRun: 'run.failed',
  /** A job that is not a training. */
  work: 'work.running',
  endedWork: 'work.ended',
  model: 'model',
  failedDownload: 'download.failed',
} as const;

/** What a key passes to its command in place of a clicked item. */
export const BY_KEY = 'key';

/** Context keys of this extension, which menus read. */
export const CONTEXTS = {
  adaptersFiltered: 'veraStudio.adaptersFiltered',
  runsFiltered: 'veraStudio.runsFiltered',
  /** What a person has done, for the walkthrough. */
  hasRun: 'veraStudio.hasRun',
  panelSeen: 'veraStudio.panelSeen',
  hasActive: 'veraStudio.hasActive',
} as const;
export type ContextName = keyof typeof CONTEXTS;

/** Sections of the settings, without the first part, which is SETTINGS_SECTION. */
export const SETTINGS_SECTION = 'veraStudio';
export const SETTINGS = {
  baseModel: 'baseModel',
  preset: 'preset',
  activateWhenDone: 'activateWhenDone',
  statusBar: 'statusBar',
  datasetCheck: 'dataset.check',
  datasetLength: 'dataset.length',
  datasetColumns: 'dataset.columns',
  inlineEnabled: 'inlineCompletion.enabled',
  inlineLanguages: 'inlineCompletion.languages',
  inlineExclude: 'inlineCompletion.exclude',
  inlineMaxLines: 'inlineCompletion.maxLines',
  inlineWithoutAdapter: 'inlineCompletion.withoutAdapter',
  stateFolder: 'daemon.stateFolder',
  idleMinutes: 'daemon.idleMinutes',
  maxRunning: 'daemon.maxRunning',
  servePrecision: 'serve.precision',
  keepTexts: 'inlineCompletion.keepTexts',
} as const;
export type SettingName = keyof typeof SETTINGS;
