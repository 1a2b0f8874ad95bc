/** The tokens of fill-in-the-middle, and how the model's family writes with them. */
export interface FimTokens {
  readonly prefix: number;
  /** After it, the model writes the middle. With `suffixFirst` nothing is written there. */
  readonly middle: number;
  readonly suffix: number;
  /** Token that begins the text. */
  readonly begin?: number;
  /** Written as suffix, prefix, middle, without a mark before the middle. */
  readonly suffixFirst?: true;
  /** Ends a middle; the end of text where it is left out. */
  readonly end?: number;
  /** Tokens that the model may write after a middle. */
  readonly stops: readonly number[];
}

interface Family {
  readonly marks: readonly [prefix: string, middle: string, suffix: string];
  /** Whether the family's own code puts begin-of-text before the first mark. */
  readonly begins?: true;
  readonly suffixFirst?: true;
  readonly end?: string;
  readonly stops?: readonly string[];
}

/** A new family is one more entry. The sources are the code that each family was published with. */
const FAMILIES: readonly Family[] = [
  { marks: ['<fim_prefix>', '<fim_middle>', '<fim_suffix>'], stops: ['<fim_pad>', '<file_sep>', '<filename>'] }, // StarCoder, SmolLM
  {
    marks: ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'], // Qwen2.5-Coder, CodeGemma
    stops: ['<|endoftext|>', '<|fim_pad|>', '<|repo_name|>', '<|file_sep|>', '<|file_separator|>'],
  },
  { marks: ['<fim-prefix>', '<fim-middle>', '<fim-suffix>'], stops: ['<fim-pad>'] }, // SantaCoder
  { marks: ['▁<PRE>', '▁<MID>', '▁<SUF>'], begins: true, end: '▁<EOT>' }, // CodeLlama (arXiv 2308.12950, section 2.3)
  { marks: ['<PRE>', '<MID>', '<SUF>'], begins: true, end: '<EOT>' },
  { marks: ['<｜fim▁begin｜>', '<｜fim▁end｜>', '<｜fim▁hole｜>'], begins: true }, // DeepSeek-Coder: the hole is where the suffix begins
  { marks: ['[PREFIX]', '[MIDDLE]', '[SUFFIX]'], begins: true, suffixFirst: true }, // Codestral: <s>[SUFFIX]...[PREFIX]...
];

/** The fill-in-the-middle tokens of a vocabulary; undefined if one of the three marks is missing. */
export function findFim(tokenId: (token: string) => number | undefined, bosId?: number): FimTokens | undefined {
  for (const { marks, begins, suffixFirst, end, stops = [] } of FAMILIES) {
    const [prefix, middle, suffix] = marks.map(tokenId);
    if (prefix === undefined || middle === undefined || suffix === undefined) continue;
    const last = end === undefined ? undefined : tokenId(end);
    return {
      ...{ prefix, middle, suffix },
      ...(begins && bosId !== undefined ? { begin: bosId } : {}),
      ...(suffixFirst ? { suffixFirst } : {}),
      ...(last === undefined ? {} : { end: last }),
      stops: [
        prefix,
        suffix,
        middle,
        ...(last === undefined ? [] : [last]),
        ...stops.flatMap((one) => tokenId(one) ?? []),
      ],
    };
  }
  return undefined;
}
