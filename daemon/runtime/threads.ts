import { cpus } from 'node:os';

/** Threads of one operator if the user chooses none: the number of the machine's cores. The same number gives the same bits. */
export const defaultThreads = (): number => Math.max(1, cpus().length);
