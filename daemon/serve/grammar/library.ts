import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The parts of @mlc-ai/web-xgrammar that are used. */
export interface XGrammar {
  readonly TokenizerInfo: {
    createTokenizerInfo(
      tokens: readonly string[],
      form: string,
      prependSpace: boolean,
      size: number,
      stops: number[],
    ): Promise<object>;
  };
  readonly GrammarCompiler: {
    createGrammarCompiler(info: object, cache: boolean): Promise<{ compileGrammar(grammar: string): Promise<object> }>;
  };
  readonly GrammarMatcher: { createGrammarMatcher(grammar: object, stops: number[]): Promise<Matcher> };
}

/** One answer on its way through a grammar. */
export interface Matcher {
  acceptToken(token: number): boolean;
  getNextTokenBitmask(): Promise<Int32Array>;
  dispose(): void;
}

type Run = (exports: object, module: object, require: NodeJS.Require, filename: string) => void;

/**
 * Loads the library. Its package says that it is an ES module, but its file is written for CommonJS, and so cannot be imported. The release has a
 * copy beside its bundles (build.ts).
 */
export function loadXGrammar(): XGrammar {
  const copy = fileURLToPath(new URL('xgrammar.cjs', import.meta.url));
  const file = existsSync(copy) ? copy : fileURLToPath(import.meta.resolve('@mlc-ai/web-xgrammar'));
  const module = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- see above
  const run = new Function('exports', 'module', 'require', '__filename', readFileSync(file, 'utf8')) as Run;
  run(module.exports, module, createRequire(import.meta.url), file);
  return module.exports as XGrammar;
}
