import type { ErrorFacts } from '../protocol/errors.ts';

const SIGNS = /ENOSPC|EDQUOT|EFBIG|SQLITE_FULL|disk is full/;

const REMEDY = 'free some space, then try again';

/** An error of a full disk says what to do. */
export const withRemedy = (error: ErrorFacts): ErrorFacts =>
  SIGNS.test(error.message) && !error.message.includes('free some space')
    ? { ...error, message: `${error.message}; ${REMEDY}` }
    : error;
