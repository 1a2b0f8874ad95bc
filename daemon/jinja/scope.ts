import { Undefined, type Value } from './values.ts';

/** A piece of what was rendered; half-open, in UTF-16 units of the whole text. */
export interface Piece {
  start: number;
  end: number;
}

/** The text that statements write to: the whole output, or what a block or macro catches. */
export class Output {
  text = '';
}

/** What one rendering records beside its text. */
export interface Recorder {
  readonly output: Output;
  /** What stands in `{% generation %}` blocks. */
  readonly generated: Piece[];
  /** What each turn of a loop over items of `watched` wrote, with the item. */
  readonly turns: (Piece & { item: Value })[];
  readonly watched: ReadonlySet<Value>;
}

/** The variables of a block and those around it. */
export class Scope {
  readonly variables: Map<string, Value>;
  readonly parent: Scope | undefined;
  readonly recorder: Recorder;

  constructor(recorder: Recorder, parent?: Scope, variables = new Map<string, Value>()) {
    this.recorder = recorder;
    this.parent = parent;
    this.variables = variables;
  }

  inner(): Scope {
    return new Scope(this.recorder, this);
  }

  get(name: string): Value {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the walk begins here
    let scope: Scope | undefined = this;
    for (; scope; scope = scope.parent) {
      const value = scope.variables.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name: string, value: Value): void {
    this.variables.set(name, value);
  }
}
