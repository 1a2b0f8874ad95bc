import { LAMBDA_B, LAMBDA_D } from '../formats/adapterFile.ts';
import { gemm } from '../graph/ops/gemm.ts';
import type { Value } from '../graph/value.ts';
import type { FrozenMatrix, Layers, LinearSite } from '../models/adaptation.ts';
import { dropout } from './dropout.ts';
import type { Method, MethodAdaptation, MethodOptions } from './method.ts';
import { dropoutOption, rank, rateOption } from './options.ts';
import { type Projection, projection } from './projection.ts';

/** The frozen pair of an adapter: A [rank, largest dIn], B [largest dOut, rank], of which each layer uses the leading part. */
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

/** One matrix object per width, so that all layers of a width share one constant of the graph. */
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
 * Whether it takes fewer multiplications to add b * (B (d * A)) to the weight itself: two products of the matrices and one
 * `dy^T x` a step, against four narrow products over all tokens.
 */
export function materialises(site: Pick<LinearSite, 'dIn' | 'dOut'>, rank: number, tokens: number): boolean {
  const { dIn, dOut } = site;
  return 2 * rank * dIn * dOut + tokens * dIn * dOut < 2 * tokens * rank * (dIn + dOut);
}

/** y = W x + b * (B (d * (A x))), arXiv 2310.11454 eq. 2. b: [dOut], d: [rank]; A: [rank, dIn], B: [dOut, rank] shared and frozen. */
export const vera: Method = {
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
  ],
  // About ten times LoRA's (arXiv 2310.11454, section 4).
  learningRate: 4e-3,
  rates: [rateOption('b'), rateOption('d')],
  count: (site, rank) => site.dOut + rank,

  create: (sites, options) => adaptWith(sharedProjection(sites, options.projectionKey, options.rank), sites, options),
};

/** VeRA over a given A and B: those of its seed, or those a folder from elsewhere stores. */
export function adaptWith(pair: Projection, sites: readonly LinearSite[], options: MethodOptions): MethodAdaptation {
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
      const whole = !noisy && !trained.perRow && net.options.format.exact;
      if (whole && materialises(site, rank, net.options.tokens))
        return g.linear(x, g.add(net.weight(`${site.path}.weight`), delta(net, site)));
      const z = net.product(matrices.A(site.dIn), dropout(net, site.path, x, options.dropout));
      const frozen = net.frozen(site, x);
      const mixed = net.product(matrices.B(site.dOut), trained.scale(z, `${site.path}.${LAMBDA_D}`));
      return g.add(frozen, trained.scale(mixed, `${site.path}.${LAMBDA_B}`));
    },

    delta: (net, site) => (adapted.has(site.path) ? delta(net, site) : undefined),
  };
}
