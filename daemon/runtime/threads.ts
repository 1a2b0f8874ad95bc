import { cpus } from 'node:os';

/** Threads of one operator where the user does not say: the machine's cores. The same number gives the same bits. */
export const defaultThreads = (): number => Math.max(1, cpus().length);
