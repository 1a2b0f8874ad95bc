import type { GgufHeader } from '../formats/gguf/header.ts';
import type { Value } from '../graph/value.ts';
import type { LinearSite } from './adaptation.ts';
import type { Attention } from './attention.ts';
import type { Network } from './network.ts';

/** What every family's config says. A family adds its own fields, which only its file reads. Sizes in elements. */
export interface ModelConfig {
  /** The name in `architectures` of config.json; it decides which family the model belongs to. */
  readonly architecture: string;
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  /** Number and size of the heads in a cache of keys and values. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** The most tokens of a row that the model was made for. */
  readonly maxLength: number;
  /** Whether the embeddings also serve as the head. */
  readonly tied: boolean;
}

/**
 * What a tensor is for. `matrix`: the weight of a linear layer. `residual`: the same, but its product is added to the residual
 * stream. `head`: computes the logits; a model whose embeddings do this has no such tensor.
 */
export type Role = 'embedding' | 'norm' | 'matrix' | 'residual' | 'bias' | 'head';

/** A tensor of a model, by its name in a Hugging Face checkpoint. */
export interface ModelTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: Role;
}

/** The tokens that run through a network at once. */
export interface Tokens {
  /** [tokens] int64. */
  readonly ids: Value;
  /** The position of each token in its example. [batch, length] int64, and batch * length = tokens. */
  readonly positions: Value;
  /** All positions are smaller than this. */
  readonly maxLength: number;
  /** How the tokens attend to each other, and to earlier ones in a cache. */
  readonly attention: Attention;
}

/**
 * A family of models: everything that the program knows about an architecture. Loading, training, serving, merging, the plan
 * and GGUF files read it, and none of them names a family. A family knows nothing about adapters: it asks the network for
 * linear layers.
 */
export interface ModelFamily<C extends ModelConfig = ModelConfig> {
  readonly name: string;
  /** Names in `architectures` of config.json. */
  readonly architectures: readonly string[];
  /** The architecture of a `model_type`, for a config.json without `architectures`. */
  readonly modelTypes?: Readonly<Record<string, string>>;
  /** Checks and reads config.json. `file` is named in errors. Throws VeraError 'model'. */
  config(json: Readonly<Record<string, unknown>>, file: string): C;
  /** Every tensor of the model, in the order of the layers. The list is made while it is read: a damaged config may name 2^31 layers. */
  tensors(config: C): Iterable<ModelTensor>;
  /** Every linear layer that can be adapted, in the order in which they run. */
  sites(config: C): LinearSite[];
  /** The network up to the final norm. -> hidden states [tokens, hidden]. */
  forward(net: Network, config: C, tokens: Tokens): Value;
  /** The norm before the head. x: [n, hidden] -> [n, hidden]. */
  finalNorm(net: Network, config: C, x: Value): Value;
  /** How GGUF files hold models of this family; absent if there are no such files. */
  readonly gguf?: GgufForm<C>;
}

/** How GGUF files hold the models of a family. */
export interface GgufForm<C extends ModelConfig = ModelConfig> {
  /** Values of `general.architecture`. */
  readonly architectures: readonly string[];
  /** The fields of config.json that follow from the file's metadata. Throws VeraError 'model' for a variant that the family does not support. */
  config(header: GgufHeader, architecture: string): Record<string, unknown>;
  /** The name in the file of a tensor of the family's list. */
  tensor(name: string): string;
  /**
   * Rows per head of this tensor if the file alternates between the two halves of each head's rows, as Meta's own code does;
   * undefined if the rows have the same order as in a Hugging Face checkpoint.
   */
  interleavedRows?(config: C, name: string): number | undefined;
  /** The name of the pre-tokenizer for files of that architecture that do not name one. */
  preTokenizer?(architecture: string): string | undefined;
}
