import type { Answer } from './answer.ts';
import type { Resident } from './bank.ts';
import type { PieceStream } from './pieces.ts';
import type { BlockKey } from './prefixCache.ts';
import type { GenerationRequest } from './request.ts';
import type { Row } from './rows.ts';

/** A request on its way. */
export interface Task {
  readonly request: GenerationRequest;
  readonly answer: Answer;
  readonly stream: PieceStream;
  readonly order: number;
  readonly deadline: number;
  /** The token of the prompt from which the first token of an answer is predicted: its last one, or one before an earlier answer. */
  readonly answerFrom: number;
  cancelled: boolean;
  resident: Resident;
}

/** A task that has a row. */
export interface Active extends Task {
  readonly row: Row;
  /** The first token that its adapter acts on; the base reads those before it. */
  readonly start: number;
  /** Keys of its settled blocks, with the one before the first: [blocks + 1]. */
  readonly keys: BlockKey[];
}
