type Json = Record<string, unknown>;

/** White space as Rust's `char::is_whitespace` and Oniguruma define it. JavaScript's `\s` adds U+FEFF and lacks U+0085. */
const BYTE_LEVEL_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+" +
  '|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';

/**
 * A copy of tokenizer.json that spells out the character classes of pre-tokenizers. The JavaScript pipeline would read them with
 * JavaScript's classes and give other ids than the Rust library: digits are every \p{N}, not only 0-9, and white space is that of
 * Unicode.
 */
export function alignWithRust(json: Json): Json {
  const pre = json['pre_tokenizer'];
  return { ...json, pre_tokenizer: isObject(pre) ? alignPreTokenizer(pre) : pre };
}

function alignPreTokenizer(pre: Json): Json {
  switch (pre['type']) {
    case 'Sequence':
      return { ...pre, pretokenizers: (pre['pretokenizers'] as Json[]).map(alignPreTokenizer) };
    case 'Digits':
      return split(pre['individual_digits'] === true ? '\\p{N}' : '\\p{N}+');
    case 'Split':
      return alignSplit(pre);
    case 'Metaspace':
      // The pipeline never splits at the replaced spaces. Rust does, each before its word, unless `split` is false.
      return pre['split'] === false ? pre : { type: 'Sequence', pretokenizers: [pre, split(wordsOf(pre))] };
    case 'ByteLevel':
      // The prefix space is added before the split, so such a tokenizer keeps the pipeline's own order.
      if (pre['use_regex'] === false || pre['add_prefix_space'] === true) return pre;
      return { type: 'Sequence', pretokenizers: [split(BYTE_LEVEL_PATTERN), { ...pre, use_regex: false }] };
    default:
      return pre;
  }
}

/** Any character, in words that the pipeline's own rewriting of expressions leaves alone. */
const ANY = '[\\p{L}\\P{L}]';

function wordsOf(metaspace: Json): string {
  const mark = escaped(typeof metaspace['replacement'] === 'string' ? metaspace['replacement'] : '\u2581');
  return `${mark}(?:(?!${mark})${ANY})*`;
}

/**
 * A Split whose pattern says what its behaviour says, because the pipeline reads every behaviour but Removed as Isolated. Throws for
 * the inverted ones that it would read as something else.
 */
function alignSplit(pre: Json): Json {
  const { pattern, behavior, invert } = pre;
  if (!isObject(pattern)) return pre;
  const { Regex: regex, String: literal } = pattern;
  if (typeof regex !== 'string' && typeof literal !== 'string') return pre;
  const source = typeof regex === 'string' ? unicodeSpace(regex) : escaped(literal as string);
  const rest = `(?:(?!${source})${ANY})*`;
  if (behavior === 'Removed') return { ...pre, pattern: { Regex: source } };
  // With Isolated, what matches and what does not stand apart either way.
  if (behavior === 'Isolated') return { ...pre, invert: false, pattern: { Regex: source } };
  if (invert === true)
    throw new Error(`the pre-tokenizer Split with invert and behavior ${String(behavior)} is not supported`);
  switch (behavior) {
    case 'MergedWithPrevious':
      return split(`${rest}(?:${source})`);
    case 'MergedWithNext':
      return split(`(?:${source})${rest}`);
    case 'Contiguous':
      return split(`(?:${source})+`);
    default:
      throw new Error(`the behavior ${String(behavior)} of the pre-tokenizer Split is not supported`);
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function split(regex: string): Json {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** Replaces \s and \S that are not themselves escaped. */
function unicodeSpace(regex: string): string {
  return regex.replace(/\\(.)/gs, (all, letter: string) =>
    letter === 's' ? '\\p{White_Space}' : letter === 'S' ? '\\P{White_Space}' : all,
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
