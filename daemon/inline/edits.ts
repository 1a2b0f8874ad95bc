import type { Source } from './related.ts';

/** A change of a document, as editors report it. */
export interface Edit {
  readonly uri: string;
  readonly languageId: string;
  /** The document after the change. */
  readonly text: string;
  /** Where the change begins, in UTF-16 units, how many were removed there, and what was inserted. */
  readonly start: number;
  readonly removed: number;
  readonly inserted: string;
}

export interface RecentEdits {
  add(edit: Edit): void;
  /** Regions that were edited lately, other than those near the cursor. */
  sources(uri: string, offset: number): Source[];
}

const REGIONS = 8;
const LINES_AROUND = 8;
/** Characters between two changes of one region. */
const NEAR = 600;
const LONGEST = 2000;
const WEIGHT = 1.5;

/** Remembers where a person edited last. */
export function recentEdits(): RecentEdits {
  let regions: { uri: string; at: number; text: string }[] = [];
  const isNear = (region: { uri: string; at: number }, uri: string, at: number): boolean =>
    region.uri === uri && Math.abs(region.at - at) < NEAR;
  return {
    add({ uri, text, start, inserted }) {
      const at = start + inserted.length;
      const region = { uri, at, text: linesAround(text, at) };
      regions = [region, ...regions.filter((other) => !isNear(other, uri, at))].slice(0, REGIONS);
    },
    sources: (uri, offset) =>
      regions
        .filter((region) => !isNear(region, uri, offset))
        .map((region) => ({ uri: `${region.uri}#${region.at}`, text: region.text, weight: WEIGHT })),
  };
}

function linesAround(text: string, at: number): string {
  let [from, to] = [at, at];
  for (let i = 0; i <= LINES_AROUND && from > 0; i++) from = text.lastIndexOf('\n', from - 1);
  for (let i = 0; i <= LINES_AROUND && to < text.length && to >= 0; i++) {
    const next = text.indexOf('\n', to + 1);
    to = next < 0 ? text.length : next;
  }
  return text.slice(Math.max(0, from + 1), to).slice(0, LONGEST);
}
