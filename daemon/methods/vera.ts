import { gemm } from '../graph/ops/gemm.ts';
import type { Value } from '../graph/value.ts';
import { layoutOf, type NamedTensor, pack, slice } from '../layout.ts';
import type { FrozenMatrix, Layers, LinearSite } from '../models/adaptation.ts';
import { dropout } from './dropout.ts';
import { LORA_A, LORA_B, lora } from './lora.ts';
import type { FrozenTensor, LinearMethod, MethodAdaptation } from './method.ts';
import { bankRank, dropoutOption, FIRST_OPTIONS, pairsIdle, type FirstOptions, rank, rateOption } from './options.ts';
import type { PeftForm } from './peftForm.ts';
import { type Projection, projection } from './projection.ts';
import { startLost, startOption, startsLate, withoutOff } from './start.ts';

/** Rank of the usual bank. */
const BANK_RANK = 256;

/** PEFT's names for the trained vectors of a layer and for the shared matrices. */
const [LAMBDA_B, LAMBDA_D] = ['vera_lambda_b', 'vera_lambda_d'] as const;
const [SHARED_A, SHARED_B] = ['vera_A', 'vera_B'] as const;

/** The frozen matrices of an adapter: A [rank, largest dIn] and B [largest dOut, rank]. Each layer uses the leading part. */
export function sharedProjection(
  sites: readonly Pick<LinearSite, 'dIn' | 'dOut'>[],
  key: number,
  rank: number,
): Projection {
  return projection(key, rank, Math.max(...sites.map((s) => s.dIn)), Math.max(...sites.map((s) => s.dOut)));
}

/** The leading columns of A. -> [rank, dIn]. */
function leadingA({ a, rank, maxIn }: Projection, dIn: number): Float32Array {
  if (dIn === maxIn) return a;
  const out = new Float32Array(rank * dIn);
  for (let r = 0; r < rank; r++) out.set(a.subarray(r * maxIn, r * maxIn + dIn), r * dIn);
  return out;
}

/** One matrix object per width, so that all layers of the same width share one constant of the graph. */
function shared(pair: Projection): { A: (dIn: number) => FrozenMatrix; B: (dOut: number) => FrozenMatrix } {
  const as = new Map<number, FrozenMatrix>();
  const bs = new Map<number, FrozenMatrix>();
  const once = (known: Map<number, FrozenMatrix>, width: number, make: () => FrozenMatrix): FrozenMatrix => {
    const matrix = known.get(width) ?? make();
    known.set(width, matrix);
    return matrix;
  };
  return {
    A: (dIn) => once(as, dIn, () => ({ data: leadingA(pair, dIn), rows: pair.rank, columns: dIn })),
    B: (dOut) => once(bs, dOut, () => ({ data: pair.b.subarray(0, dOut * pair.rank), rows: dOut, columns: pair.rank })),
  };
}

/**
 * Whether it takes fewer multiplications to add b * (B (d * A)) to the weight. That takes two products of the matrices and one
 * `dy^T x` per step; the other way takes four narrow products over all tokens.
 */
export function materialises(site: Pick<LinearSite, 'dIn' | 'dOut'>, rank: number, tokens: number): boolean {
  const { dIn, dOut } = site;
  return 2 * rank * dIn * dOut + tokens * dIn * dOut < 2 * tokens * rank * (dIn + dOut);
}

const peft: PeftForm<FirstOptions> = {
  type: 'VERA',
  known: ['r', 'projection_prng_key', 'save_projection', 'd_initial', 'vera_dropout', 'init_weights'],
  refused: {},
  reads: ['rank', 'projectionKey', 'dInitial', 'dropout'],
  besides: ['activateAfter', 'activateTokens'],
  differs: (options) => (startsLate(options) ? startLost('PEFT', options) : undefined),
  write: ({ rank, dInitial, projectionKey, dropout }, stored) => ({
    r: rank,
    d_initial: dInitial,
    init_weights: true,
    projection_prng_key: projectionKey,
    save_projection: stored,
    vera_dropout: dropout,
  }),
  read: (config) => ({
    ...FIRST_OPTIONS,
    rank: config.size('r', 256),
    projectionKey: config.number('projection_prng_key', 0, Number.isSafeInteger, 'a whole number'),
    dInitial: config.number('d_initial', 0.1, Number.isFinite, 'a number'),
    dropout: config.dropout('vera_dropout'),
  }),
  promisesFrozen: (config) => config.value('save_projection') !== false,
};

/** y = W x + b * (B (d * (A x))), arXiv 2310.11454 eq. 2. b: [dOut] and d: [rank] are trained; A: [rank, dIn] and B: [dOut, rank] are shared and frozen. */
export const vera: LinearMethod<FirstOptions> = {
  name: 'vera',
  label: 'VeRA',
  summary: 'trains two small vectors per layer over shared random matrices (arXiv 2310.11454)',
  adapts: 'linear',
  options: [
    rank(256, 'Number of random directions that each layer can mix.'),
    dropoutOption,
    {
      name: 'projectionKey',
      label: 'Projection seed',
      help: 'Seed of the random matrices A and B. The same seed gives the same matrices.',
      kind: 'number',
      whole: true,
      least: 0,
      most: 2 ** 32 - 1,
      default: 0,
      advanced: true,
    },
    {
      name: 'dInitial',
      label: 'Initial d',
      help: 'Value that every element of d starts with.',
      kind: 'number',
      least: -1e9,
      most: 1e9,
      default: 0.1,
      advanced: true,
    },
    startOption,
  ],
  complete: withoutOff,
  carried: (own) => ({ ...FIRST_OPTIONS, alpha: own['rank'], ...own }),
  // By measurement (docs/figures.md): VeRA wants about twenty times the rate of LoRA.
  learningRate: 2e-2,
  rates: [rateOption('b'), rateOption('d')],
  decisive: ['rank', 'projectionKey'],
  mergeable: true,
  peft,
  figures: [
    {
      name: 'b',
      label: '|b|',
      help: 'Mean |b|: how far a layer’s outputs are moved. It is zero before training.',
      tensor: LAMBDA_B,
      fromZero: true,
    },
    {
      name: 'd',
      label: '|d|',
      help: 'Mean |d|: how much a layer uses of the random directions.',
      tensor: LAMBDA_D,
      fromZero: false,
    },
  ],
  frozen: {
    label: 'A and B',
    key: 'projectionKey',
    tensors: shapesOfPair,
    make: (sites, { projectionKey, rank }) => tensorsOfPair(sharedProjection(sites, projectionKey, rank)),
    // [rank, largest dIn, largest dOut].
    hashHead: ([a, b]) => JSON.stringify([...a!.shape, b!.shape[0]]),
  },

  tensors: (sites, { rank }) =>
    sites.flatMap(({ path, dOut }) => [
      { name: `${path}.${LAMBDA_B}`, shape: [dOut] },
      { name: `${path}.${LAMBDA_D}`, shape: [rank] },
    ]),

  // The padding of d is zero, and so is that of A and B.
  bank: { options: (options) => ({ ...FIRST_OPTIONS, rank: bankRank(options.rank, BANK_RANK) }), idle: pairsIdle },

  create: (sites, options, _, own) => adaptWith(pairOf(sites, options, own), sites, options),

  // b * (B (d * A)) = B' A' with A' = diag(d) A and B' = diag(b) B.
  asLora(sites, options, theta, own) {
    const { rank } = options;
    const { A, B } = shared(pairOf(sites, options, own));
    const layout = layoutOf(vera.tensors(sites, options));
    const made = new Map<string, Float32Array>();
    for (const site of sites) {
      const b = slice(layout, theta, `${site.path}.${LAMBDA_B}`);
      const d = slice(layout, theta, `${site.path}.${LAMBDA_D}`);
      made.set(`${site.path}.${LORA_A}`, scaledRows(A(site.dIn), d));
      made.set(`${site.path}.${LORA_B}`, scaledRows(B(site.dOut), b));
    }
    const equal = layoutOf(lora.tensors(sites, options));
    return { rank, alpha: rank, theta: pack(equal, ({ name }) => made.get(name)!) };
  },
};

/** diag(factors) M. */
const scaledRows = ({ data, columns }: FrozenMatrix, factors: Float32Array): Float32Array =>
  data.map((value, i) => value * factors[Math.floor(i / columns)]!);

function shapesOfPair(sites: readonly LinearSite[], { rank }: Pick<FirstOptions, 'rank'>): readonly NamedTensor[] {
  return [
    { name: SHARED_A, shape: [rank, Math.max(...sites.map(({ dIn }) => dIn))] },
    { name: SHARED_B, shape: [Math.max(...sites.map(({ dOut }) => dOut)), rank] },
  ];
}

const tensorsOfPair = ({ rank, maxIn, maxOut, a, b }: Projection): readonly FrozenTensor[] => [
  { name: SHARED_A, shape: [rank, maxIn], data: a },
  { name: SHARED_B, shape: [maxOut, rank], data: b },
];

/** The adapter's own A and B if it has them, otherwise those of its key. */
function pairOf(
  sites: readonly LinearSite[],
  { projectionKey, rank }: FirstOptions,
  own: readonly FrozenTensor[] | undefined,
): Projection {
  const [a, b] = own ?? [];
  if (!a || !b) return sharedProjection(sites, projectionKey, rank);
  return { rank, maxIn: a.shape[1]!, maxOut: b.shape[0]!, a: a.data, b: b.data };
}

/** VeRA with a given A and B. */
export function adaptWith(
  pair: Projection,
  sites: readonly LinearSite[],
  options: Pick<FirstOptions, 'rank' | 'dInitial' | 'dropout' | 'activateAfter'>,
): MethodAdaptation {
  const { rank, dInitial } = options;
  const adapted = new Set(sites.map((site) => site.path));
  const matrices = shared(pair);
  /** b * (B (d * A)): [dOut, dIn]. */
  const delta = (net: Layers, site: LinearSite): Value => {
    const { g } = net;
    const a = g.constant(matrices.A(site.dIn).data, [rank, site.dIn]);
    const bMatrix = g.constant(matrices.B(site.dOut).data, [site.dOut, rank]);
    const d = g.reshape(net.trained.value(`${site.path}.${LAMBDA_D}`), [rank, 1]);
    const b = g.reshape(net.trained.value(`${site.path}.${LAMBDA_B}`), [site.dOut, 1]);
    return g.mul(b, g.op(gemm, [bMatrix, g.mul(d, a)], {}));
  };
  return {
    noisy: options.dropout > 0,
    late: startsLate(options),
    parameters: sites.flatMap((site) => [
      {
        name: `${site.path}.${LAMBDA_B}`,
        shape: [site.dOut],
        group: 'b',
        decay: true,
        initial: () => new Float32Array(site.dOut),
      },
      {
        name: `${site.path}.${LAMBDA_D}`,
        shape: [rank],
        group: 'd',
        decay: true,
        initial: () => new Float32Array(rank).fill(dInitial),
      },
    ]),

    linear(net, site, x) {
      if (!adapted.has(site.path)) return undefined;
      const { g } = net;
      const noisy = options.dropout > 0 && net.options.noise;
      const { trained } = net;
      const { active } = net.options;
      const whole = !noisy && !active && !trained.perRow && net.options.format.exact;
      if (whole && materialises(site, rank, net.options.tokens))
        return g.linear(x, g.add(net.weight(`${site.path}.weight`), delta(net, site)));
      const z = net.product(matrices.A(site.dIn), dropout(net, site.path, x, options.dropout));
      const frozen = net.frozen(site, x);
      const acting = active ? g.mul(z, active) : z;
      const mixed = net.product(matrices.B(site.dOut), trained.scale(acting, `${site.path}.${LAMBDA_D}`));
      return g.add(frozen, trained.scale(mixed, `${site.path}.${LAMBDA_B}`));
    },

    delta: (net, site) => (adapted.has(site.path) ? delta(net, site) : undefined),
  };
}
