/** Most tokens of an answer of Try It. It stands apart so that the panel need not load zod. */
export const MAX_TRIAL_TOKENS = 4096;
