export const LOG_FILE = 'daemon.log';
/** Older files beside it: daemon.log.1 (the newest) to daemon.log.4. */
export const LOG_FILES_KEPT = 4;
