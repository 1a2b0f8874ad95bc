/** Ids of the tokens that mark the prefix, the middle that the model writes, and the suffix. */
export interface FimTokens {
  prefix: number;
  middle: number;
  suffix: number;
}

/** Spellings by model family: prefix, middle, suffix. A new family is one more line. */
const SPELLINGS: [prefix: string, middle: string, suffix: string][] = [
  ['<fim_prefix>', '<fim_middle>', '<fim_suffix>'], // StarCoder, SmolLM
  ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'], // Qwen2.5-Coder, CodeGemma
  ['<fim-prefix>', '<fim-middle>', '<fim-suffix>'], // SantaCoder
  ['▁<PRE>', '▁<MID>', '▁<SUF>'], // CodeLlama
  ['<PRE>', '<MID>', '<SUF>'],
  ['<｜fim▁begin｜>', '<｜fim▁end｜>', '<｜fim▁hole｜>'], // DeepSeek-Coder: the hole is where the suffix begins
  ['[PREFIX]', '[MIDDLE]', '[SUFFIX]'], // Codestral
];

/** The fill-in-the-middle tokens of a vocabulary; undefined if one of the three is missing. */
export function findFim(tokenId: (token: string) => number | undefined): FimTokens | undefined {
  for (const spelling of SPELLINGS) {
    const [prefix, middle, suffix] = spelling.map(tokenId);
    if (prefix !== undefined && middle !== undefined && suffix !== undefined) return { prefix, middle, suffix };
  }
  return undefined;
}
