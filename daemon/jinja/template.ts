import { globals } from './globals.ts';
import { Output, Scope, type Piece, type Recorder } from './scope.ts';
import { compile } from './statements.ts';
import type { Value } from './values.ts';

export interface Rendering {
  readonly text: string;
  /** What stands in `{% generation %}` blocks, in order. */
  readonly generated: readonly Piece[];
  /** What each turn of a loop over one of `watched` wrote. Turns that wrote nothing are left out. */
  readonly turns: readonly (Piece & { readonly item: Value })[];
}

/** A compiled template, as transformers compiles chat templates: a sandbox without files, changes or web page escapes. */
export type Template = (
  variables: Iterable<[string, Value]>,
  options: { date: Date; watched?: Iterable<Value> },
) => Rendering;

/** Compiles a template. Throws TemplateError with the line for what Jinja would refuse. */
export function template(source: string): Template {
  const body = compile(source);
  return (variables, { date, watched = [] }) => {
    const output = new Output();
    const recorder: Recorder = { output, generated: [], turns: [], watched: new Set(watched) };
    const scope = new Scope(recorder, new Scope(recorder, undefined, globals(date)), new Map(variables));
    body(scope, output);
    return { text: output.text, generated: recorder.generated, turns: recorder.turns };
  };
}
