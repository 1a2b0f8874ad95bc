import { catalog } from './0001-catalog.ts';
import { samples } from './0002-samples.ts';
import { tensors } from './0003-tensors.ts';
import { estimates } from './0004-estimates.ts';
import { completions } from './0005-completions.ts';
import type { Migration } from './migration.ts';

/** Every step of the schema, in order. Released steps never change and never move: a new one goes to the end. */
export const MIGRATIONS: readonly Migration[] = [catalog, samples, tensors, estimates, completions];
