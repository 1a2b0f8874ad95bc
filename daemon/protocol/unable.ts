/** What a base cannot do, in words for whoever asks for it: over HTTP, in an editor or on a command line. Each says what to do. */
export const UNABLE = {
  chat: 'this base has no chat template, so it cannot take part in a conversation: choose an instruct model, or ask it to continue a text',
  fill: 'this base has no fill-in-the-middle tokens, so it cannot complete code between two texts: choose a code model that has them, or ask it to continue the text before the cursor alone',
  tools:
    'the chat template of this base has no tools in <tool_call> tags: choose an instruct model whose template has, such as Qwen, or ask for JSON of a schema',
} as const;

/** A prompt that leaves no room for an answer. tokens: of the prompt; most: of prompt and answer together. */
export const tooLong = (tokens: number, most: number): string =>
  `the prompt has ${tokens} tokens, but prompt and answer together may have ${most}: shorten it`;

/** Whether a message is one of `tooLong`: some clients shorten their prompt and ask again. */
export const saysTooLong = (message: string): boolean => /^the prompt has \d+ tokens, but/.test(message);
