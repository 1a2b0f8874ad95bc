import type { ErrorMessage } from '../../process/child.ts';
import type { StoredAdapter } from './bank.ts';
import type { EngineOptions } from './engine.ts';
import type { AdapterNotice, EngineInfo, EngineStats, GenerationRequest, Piece } from './request.ts';

/** What an engine's process is started with. */
export interface EngineStart extends Pick<
  EngineOptions,
  'precision' | 'cache' | 'rows' | 'waiting' | 'maxLength' | 'prefixBytes' | 'bankBytes' | 'rowBytes'
> {
  /** The base: a folder, a GGUF file or a hub id. */
  readonly base: string;
  /** Threads of the engine; default: the number of the machine's cores. */
  readonly threads?: number;
}

/** Requests have numbers, which the client gives. */
export type ToEngine =
  | { readonly type: 'start'; readonly start: EngineStart }
  | { readonly type: 'submit'; readonly id: number; readonly request: GenerationRequest }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'prepare'; readonly id: number; readonly adapter: string }
  | { readonly type: 'stats'; readonly id: number }
  /** The answer to `load`. */
  | { readonly type: 'adapter'; readonly hash: string; readonly adapter: StoredAdapter | ErrorMessage };

export type FromEngine =
  | { readonly type: 'info'; readonly info: EngineInfo }
  /** It cannot work. It ends. */
  | { readonly type: 'broken'; readonly error: ErrorMessage }
  | { readonly type: 'piece'; readonly id: number; readonly piece: Piece }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorMessage }
  | { readonly type: 'prepared'; readonly id: number; readonly notice: AdapterNotice }
  | { readonly type: 'stats'; readonly id: number; readonly stats: EngineStats }
  /** It needs the adapter of this content hash. */
  | { readonly type: 'load'; readonly hash: string };
