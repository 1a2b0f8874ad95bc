import type { ErrorMessage } from '../../process/child.ts';
import type { HeldOutPage, HeldOutRequest } from './heldOut.ts';
import type { Prompt } from '../engine/request.ts';

/** A question with its answer. `base`: a folder, a GGUF file or a hub id that was downloaded. */
export interface Questions {
  readonly count: { readonly asked: { readonly base: string; readonly prompt: Prompt }; readonly answer: number };
  readonly heldOut: { readonly asked: HeldOutRequest; readonly answer: HeldOutPage };
}
export type QuestionName = keyof Questions;

/** Questions have numbers, which the client gives. */
export type ToReader = {
  [Name in QuestionName]: { readonly id: number; readonly name: Name; readonly asked: Questions[Name]['asked'] };
}[QuestionName];
export type FromReader =
  | { readonly id: number; readonly answer: Questions[QuestionName]['answer'] }
  | { readonly id: number; readonly error: ErrorMessage };
