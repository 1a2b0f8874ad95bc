import { DiagnosticSeverity } from 'vscode-languageserver-protocol';

const { Error: error, Warning: warning, Information: information } = DiagnosticSeverity;

/** Every code of a diagnostic and how bad it is: the trainer refuses (error), skips or loses something (warning), or takes it as it is. */
export const SEVERITIES = {
  // The file
  'byte-order-mark': information,
  'not-utf8': error,
  'empty-file': error,
  'json-array': error,
  header: error,
  'unclosed-quote': error,
  'unknown-format': error,
  'base-model': information,
  'no-chat-template': error,
  // A row that the trainer refuses
  'invalid-json': error,
  'not-an-object': error,
  'too-deep': error,
  'too-long': error,
  'field-count': error,
  'missing-field': error,
  'wrong-type': error,
  'unknown-role': error,
  'empty-list': error,
  'mixed-format': error,
  'template-refuses': error,
  // A row that teaches nothing, or not what was meant
  'no-answer': warning,
  'empty-answer': warning,
  'empty-text': warning,
  alternation: warning,
  'system-not-first': warning,
  unanswered: information,
  'duplicate-row': warning,
  'duplicate-field': warning,
  cut: warning,
  'nothing-learned': warning,
  'carriage-return': warning,
  'replacement-character': warning,
} as const satisfies Record<string, DiagnosticSeverity>;

export type Code = keyof typeof SEVERITIES;

/** Something wrong with a row. Offsets are into the row's text; `message` is one sentence without a place. */
export interface Problem {
  code: Code;
  message: string;
  start: number;
  end: number;
  /** What a quick fix needs to know. */
  path?: (string | number)[];
}

/** A problem of the file as a whole; it stands on a line of its own choosing. */
export interface FileProblem {
  code: Code;
  message: string;
  line: number;
  start: number;
  end: number;
}
