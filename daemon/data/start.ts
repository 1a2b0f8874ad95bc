/**
 * Where in a row an adapter that starts late begins to act. `tokens`: at the first of these tokens, where they stand together for
 * the last time. This is what PEFT and llama.cpp do for an activated LoRA (arXiv 2504.12397). Without `tokens`: at the token from
 * which the first token of the answer is predicted.
 */
export interface Start {
  readonly tokens?: readonly number[];
}

/**
 * The index of the first token that the adapter acts on; `ids.length` if it never starts. answer: the index of the first token
 * of the answer; 0 if the row has none.
 */
export function startIn({ tokens }: Start, ids: ArrayLike<number>, answer: number): number {
  if (!tokens) return answer > 0 ? answer - 1 : ids.length;
  for (let at = ids.length - tokens.length; at >= 0; at--)
    if (tokens.every((token, i) => ids[at + i] === token)) return at;
  return ids.length;
}
