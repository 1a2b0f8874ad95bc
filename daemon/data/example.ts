/** One training sequence: token ids, and which of them are answers. */
export interface Example {
  ids: Int32Array;
  /** 1 where this token is an answer token (its prediction counts in the loss), same length as ids. */
  counts: Uint8Array;
  source: { file: string; line?: number };
  /** Position of its row in the stream's order, from the beginning of the epoch: what an exact resume starts from. */
  row?: number;
}

/** True when a prediction of this example counts. The first token has none: nothing stands before it. */
export function hasAnswer(example: Example): boolean {
  return example.counts.indexOf(1, 1) > 0;
}
