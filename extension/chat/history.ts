/** What was said before in a conversation with @vera. Pure. */
export interface Said {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** A token has about three characters, so a third of the context stays free for the question and its answer. */
const CHARACTERS_PER_TOKEN = 2;

/**
 * The latest turns that surely fit into the context beside the new question. A turn is a question with its answer: half of one would
 * confuse the model.
 */
export function latestTurns(
  turns: readonly (readonly [question: string, answer: string])[],
  maxLength: number,
): Said[] {
  let room = maxLength * CHARACTERS_PER_TOKEN;
  let first = turns.length;
  for (; first > 0; first--) {
    const [question, answer] = turns[first - 1]!;
    room -= question.length + answer.length;
    if (room < 0) break;
  }
  return turns.slice(first).flatMap(([question, answer]): Said[] => [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ]);
}
