/** One training sequence: token ids, and which of them count in the loss. */
export interface Example {
  ids: Int32Array;
  /** 1 for each token whose prediction counts in the loss, else 0; same length as ids. */
  counts: Uint8Array;
  /** The first token that an adapter acts on which starts late; the number of tokens if it never starts. */
  start?: number;
  source: { file: string; line?: number };
  /** The position of its row in the order of the epoch. An exact resume starts from it. */
  row?: number;
}

/** True if a prediction of this example counts in the loss. The first token is never predicted. */
export function hasAnswer(example: Example): boolean {
  return example.counts.indexOf(1, 1) > 0;
}
