import type { CompletionText } from '../../daemon/protocol/completions.ts';
import type { Outcome } from '../../daemon/protocol/outcomes.ts';
import { plural } from '../text.ts';

const WORDS: Readonly<Record<Outcome, string>> = {
  open: 'shown',
  accepted: 'accepted',
  partly: 'partly accepted',
  typed: 'typed by hand',
  rejected: 'something else was typed',
  ignored: 'left alone',
};

/** Stored texts as a document, the newest first. Pure. */
export function storedTexts(texts: readonly CompletionText[], more: boolean): string {
  if (texts.length === 0)
    return 'No texts of completions are stored.\n\nTexts are stored only while the setting "Keep Texts" of inline completion is on. They stay on this machine.\n';
  const head = more
    ? `These are the newest ${texts.length} texts.`
    : `${plural(texts.length, 'text')}, the newest first.`;
  return [`# Stored completions\n\n${head} They stay on this machine.`, ...texts.map(one)].join('\n\n') + '\n';
}

function one({
  shownAt,
  adapter,
  base,
  file,
  text,
  outcome,
  acceptedCharacters,
  keptCharacters,
}: CompletionText): string {
  const who = adapter === null ? base : `${adapter.name} on ${base}`;
  const kept = keptCharacters === null ? '' : `, ${keptCharacters} of ${acceptedCharacters} characters kept`;
  // A fence longer than any in the text.
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const when = new Date(shownAt).toLocaleString();
  return `## ${when}\n\n${file}\\\n${who}: ${WORDS[outcome]}${acceptedCharacters > 0 ? kept : ''}\n\n${fence}\n${text}\n${fence}`;
}
