import type { Operator } from '../value.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import { and } from './and.ts';
import { attention } from './attention.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { crossEntropy } from './crossEntropy.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { exp } from './exp.ts';
import { expand } from './expand.ts';
import { fusedMatMul } from './fusedMatMul.ts';
import { gather } from './gather.ts';
import { gatherElements } from './gatherElements.ts';
import { gemm } from './gemm.ts';
import { greaterOrEqual } from './greaterOrEqual.ts';
import { headAttention } from './headAttention.ts';
import { identity } from './identity.ts';
import { log } from './log.ts';
import { loop } from './loop.ts';
import { max } from './max.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { matMulIntegerToFloat, quantizeLinear, quantizedLinear } from './quantizedLinear.ts';
import { quickGelu } from './quickGelu.ts';
import { reduceMax } from './reduceMax.ts';
import { reduceMean } from './reduceMean.ts';
import { reduceSum } from './reduceSum.ts';
import { reshape } from './reshape.ts';
import { rmsNorm, simplifiedLayerNormalization } from './rmsNorm.ts';
import { onnxRotaryEmbedding, rotaryEmbedding } from './rotaryEmbedding.ts';
import { scatterElements } from './scatterElements.ts';
import { selectRows } from './selectRows.ts';
import { shape } from './shape.ts';
import { sigmoid } from './sigmoid.ts';
import { silu } from './silu.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { split } from './split.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { tensorScatter } from './tensorScatter.ts';
import { transpose } from './transpose.ts';
import { where } from './where.ts';

/** All operators. To add one, write a file beside this and a line here. */
export const OPERATORS: readonly Operator[] = [
  abs,
  add,
  and,
  attention,
  cast,
  concat,
  crossEntropy,
  div,
  equal,
  exp,
  expand,
  fusedMatMul,
  gather,
  gatherElements,
  gemm,
  greaterOrEqual,
  headAttention,
  identity,
  log,
  loop,
  max,
  mul,
  neg,
  quantizedLinear,
  matMulIntegerToFloat,
  quantizeLinear,
  quickGelu,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  rmsNorm,
  simplifiedLayerNormalization,
  rotaryEmbedding,
  onnxRotaryEmbedding,
  scatterElements,
  selectRows,
  shape,
  sigmoid,
  silu,
  slice,
  softmax,
  split,
  sqrt,
  sub,
  tanh,
  tensorScatter,
  transpose,
  where,
];
