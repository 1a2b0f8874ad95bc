import { isObject } from '../../formats/json.ts';
import { parseJson } from '../json.ts';
import type { Row } from '../row.ts';

/** The preferred answer of a row, or why the row has none. */
export type Choice =
  { readonly column: string; readonly preferred: unknown; readonly rejected?: unknown } | { readonly leftOut: string };

/** Columns of a preferred and a rejected answer: TRL, OpenAI, LLaMA-Factory, Stack Exchange, ms-swift. */
const PAIRS: readonly (readonly [chosen: string, rejected: string])[] = [
  ['chosen', 'rejected'],
  ['chosen_messages', 'rejected_messages'],
  ['chosen_response', 'rejected_response'],
  ['preferred_output', 'non_preferred_output'],
  ['response_chosen', 'response_rejected'],
  ['response_j', 'response_k'],
  ['preferred', 'dispreferred'],
  ['preferred_response', 'dispreferred_response'],
  ['winner', 'loser'],
  ['messages', 'rejected_messages'],
  ['messages', 'rejected_response'],
  ['response', 'rejected_response'],
  ['messages', 'rejected'],
  ['completion', 'rejected'],
  ['response', 'rejected'],
  ['output', 'rejected'],
  ['answer', 'rejected'],
];

/** Scores of the two, which must not say the opposite. */
const SCORES: readonly (readonly [string, string])[] = [
  ['score_chosen', 'score_rejected'],
  ['chosen_score', 'rejected_score'],
  ['chosen-rating', 'rejected-rating'],
  ['chosen_rating', 'rejected_rating'],
  ['rating_chosen', 'rating_rejected'],
];

interface Two {
  readonly first: string;
  readonly second: string;
  /** The column that says which one is better. */
  readonly verdict: string;
  /** 1, 2, 'none' if neither is better, undefined if the value says nothing. */
  readonly better: (value: unknown) => 1 | 2 | 'none' | undefined;
}

/** Two answers and a verdict: AlpacaFarm, LMSYS Arena, HelpSteer3, SHP. */
const TWO: readonly Two[] = [
  { first: 'output_1', second: 'output_2', verdict: 'preference', better: oneOrTwo },
  { first: 'response_1', second: 'response_2', verdict: 'preference', better: oneOrTwo },
  { first: 'response1', second: 'response2', verdict: 'preference', better: oneOrTwo },
  { first: 'response_1', second: 'response_2', verdict: 'preference_strength', better: sign },
  { first: 'response1', second: 'response2', verdict: 'overall_preference', better: sign },
  { first: 'conversation_a', second: 'conversation_b', verdict: 'winner', better: arena },
  { first: 'response_a', second: 'response_b', verdict: 'winner', better: arena },
  { first: 'response_0', second: 'response_1', verdict: 'better_response_id', better: zeroOrOne },
  {
    first: 'human_ref_A',
    second: 'human_ref_B',
    verdict: 'labels',
    better: (value) => (value === 1 ? 1 : value === 0 ? 2 : undefined),
  },
];

function oneOrTwo(value: unknown): 1 | 2 | 'none' | undefined {
  const text = String(value).trim();
  return text === '1' ? 1 : text === '2' ? 2 : text === '0' || text.toLowerCase() === 'tie' ? 'none' : undefined;
}
function zeroOrOne(value: unknown): 1 | 2 | undefined {
  return value === 0 ? 1 : value === 1 ? 2 : undefined;
}
/** Below zero, the first is better. */
function sign(value: unknown): 1 | 2 | 'none' | undefined {
  return typeof value !== 'number' ? undefined : value < 0 ? 1 : value > 0 ? 2 : 'none';
}
function arena(value: unknown): 1 | 2 | 'none' | undefined {
  const text = String(value).toLowerCase();
  if (/^(?:model_)?a$/.test(text)) return 1;
  if (/^(?:model_)?b$/.test(text)) return 2;
  return typeof value === 'string' && text.includes('tie') ? 'none' : undefined;
}

/** Lists of answers with scores or ranks: UltraFeedback, Nectar. */
const LISTS = ['completions', 'candidates', 'answers', 'responses', 'generations', 'outputs'];
const TEXTS = ['response', 'answer', 'text', 'completion', 'output', 'content', 'generation', 'value'];
/** Higher is better. */
const RATED = ['overall_score', 'fine-grained_score', 'score', 'rating', 'reward', 'pm_score'];
const RATINGS = ['ratings', 'scores', 'rewards', 'rating'];
/** Lower is better. */
const RANKS = ['ranks', 'ranking', 'rankings', 'rank'];

/** Every column that holds an answer or says which one is better. */
export const preferenceColumns: readonly string[] = [
  ...PAIRS.flat(),
  ...SCORES.flat(),
  ...TWO.flatMap(({ first, second, verdict }) => [first, second, verdict]),
  ...LISTS,
  ...RATINGS,
  ...RANKS,
];

/** The preferred answer of a row with several answers; undefined if the row is no such row. */
export function choiceOf(row: Row): Choice | undefined {
  for (const [chosen, rejected] of PAIRS) {
    if (!(chosen in row) || !(rejected in row)) continue;
    const [preferred, refused] = [row[chosen], row[rejected]];
    // Marks may have these names too: {"chosen": true}.
    if (typeof preferred === 'boolean' || typeof refused === 'boolean') continue;
    // A row of the last kinds without a rejected answer is an ordinary row.
    if (!isAnswer(refused) && chosen !== 'chosen') continue;
    return ofPair(row, chosen, rejected);
  }
  for (const { first, second, verdict, better } of TWO) {
    if (!isAnswer(row[first]) || !isAnswer(row[second]) || !(verdict in row)) continue;
    const found = better(row[verdict]);
    if (found === undefined || found === 'none') return { leftOut: `"${verdict}" does not say which answer is better` };
    const [column, other] = found === 1 ? [first, second] : [second, first];
    return { column, preferred: row[column], rejected: row[other] };
  }
  return ofList(row);
}

function ofPair(row: Row, chosen: string, rejected: string): Choice {
  const [preferred, refused] = [row[chosen], row[rejected]];
  if (!isAnswer(preferred)) return { leftOut: `"${chosen}" is empty` };
  if (JSON.stringify(preferred) === JSON.stringify(refused))
    return { leftOut: `"${chosen}" and "${rejected}" are the same` };
  for (const [better, worse] of SCORES) {
    const [high, low] = [Number(row[better] ?? NaN), Number(row[worse] ?? NaN)];
    if (high < low) return { leftOut: `"${better}" is lower than "${worse}"` };
  }
  return { column: chosen, preferred, ...(refused === undefined ? {} : { rejected: refused }) };
}

function ofList(row: Row): Choice | undefined {
  for (const column of LISTS) {
    const list = listIn(row[column]);
    if (!list || list.length < 2) continue;
    const outer = RATINGS.map((name) => listIn(row[name])).find((one) => one?.length === list.length);
    const ranks = RANKS.map((name) => listIn(row[name])).find((one) => one?.length === list.length);
    const marks = list.map((one, i) => {
      if (outer) return rated(outer[i]);
      if (ranks) return -rated(ranks[i]);
      if (!isObject(one)) return NaN;
      const field = RATED.find((name) => Number.isFinite(rated(one[name])));
      if (field !== undefined) return rated(one[field]);
      return 'rank' in one ? -rated(one['rank']) : NaN;
    });
    if (marks.every((mark) => Number.isNaN(mark))) continue;
    const best = Math.max(...marks.filter((mark) => !Number.isNaN(mark)));
    const winner = list[marks.indexOf(best)];
    const text = isObject(winner) ? TEXTS.map((name) => winner[name]).find((one) => typeof one === 'string') : winner;
    if (!isAnswer(text)) return { leftOut: `the best of "${column}" has no text` };
    return { column, preferred: text };
  }
  return undefined;
}

/** A score as a number; NaN if it is none. */
const rated = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : NaN;

function listIn(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return undefined;
  try {
    const parsed = parseJson(value);
    return Array.isArray(parsed) ? (parsed as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

const isAnswer = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') ||
  (Array.isArray(value) && value.length > 0) ||
  (isObject(value) && Object.keys(value).length > 0);
