import type { Command } from 'commander';

type Register = (program: Command) => void;

/**
 * Every command of `vera`, in the order of its help. Each is loaded when it is used, so that `vera doctor` works where
 * onnxruntime does not, and `--help` is quick.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {};
