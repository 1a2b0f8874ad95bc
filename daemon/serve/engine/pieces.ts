import type { Piece } from './request.ts';

/** Pieces of one request between the engine and whoever reads them. */
export interface PieceStream {
  readonly pieces: AsyncIterable<Piece>;
  push(piece: Piece): void;
  end(): void;
  fail(error: Error): void;
}

/** onReturn: called when the reader stops before the end. */
export function pieceStream(onReturn: () => void): PieceStream {
  const queue: Piece[] = [];
  let [ended, failure]: [boolean, Error | undefined] = [false, undefined];
  let wake: (() => void) | undefined;
  const changed = (): void => {
    wake?.();
    wake = undefined;
  };
  async function* read(): AsyncGenerator<Piece, void> {
    try {
      for (;;) {
        const piece = queue.shift();
        if (piece) yield piece;
        else if (failure) throw failure;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      if (!ended && !failure) onReturn();
    }
  }
  return {
    pieces: read(),
    push(piece) {
      queue.push(piece);
      changed();
    },
    end() {
      ended = true;
      changed();
    },
    fail(error) {
      failure ??= error;
      changed();
    },
  };
}
