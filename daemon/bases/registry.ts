import type { BaseSource } from './source.ts';
import { downloads } from './sources/downloads.ts';
import { folders } from './sources/folders.ts';
import { hubCache } from './sources/hubCache.ts';
import { lmStudio } from './sources/lmStudio.ts';
import { ollama } from './sources/ollama.ts';
import { used } from './sources/used.ts';

/** Where base models are looked for. What two sources find counts for the first. */
export const SOURCES: readonly BaseSource[] = [used, downloads, hubCache, ollama, lmStudio, folders];
