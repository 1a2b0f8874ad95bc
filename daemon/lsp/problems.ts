import { DiagnosticSeverity } from 'vscode-languageserver-protocol';

const { Error: error, Warning: warning, Information: information } = DiagnosticSeverity;

/** Every diagnostic code and its severity: training refuses the row (error), skips it or loses part of it (warning), or accepts it. */
export const SEVERITIES = {
  // The file
  'byte-order-mark': information,
  'not-utf8': error,
  'empty-file': error,
  'json-array': information,
  header: error,
  'unclosed-quote': error,
  'unknown-format': error,
  'columns-setting': error,
  'base-model': information,
  'no-chat-template': error,
  // A row that training refuses
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
  'cannot-obey': error,
  // A row from which the model learns nothing, or not what was meant
  'no-answer': warning,
  'empty-answer': warning,
  'empty-text': warning,
  alternation: warning,
  'system-not-first': warning,
  unanswered: information,
  'left-out': information,
  'unused-fields': information,
  'duplicate-row': warning,
  'duplicate-field': warning,
  cut: warning,
  'nothing-learned': warning,
  'carriage-return': warning,
  'replacement-character': warning,
} as const satisfies Record<string, DiagnosticSeverity>;

export type Code = keyof typeof SEVERITIES;

/** A problem in a row. Offsets are into the row's text; `message` is one sentence that names no place. */
export interface Problem {
  code: Code;
  message: string;
  start: number;
  end: number;
  /** The field at fault, for quick fixes. */
  path?: (string | number)[];
}

/** A problem of the whole file, with the line where it is shown. */
export interface FileProblem {
  code: Code;
  message: string;
  line: number;
  start: number;
  end: number;
}
