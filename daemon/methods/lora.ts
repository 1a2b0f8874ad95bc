import { gemm } from '../graph/ops/gemm.ts';
import { dropout } from './dropout.ts';
import type { LinearMethod } from './method.ts';
import { bankRank, dropoutOption, FIRST_OPTIONS, type FirstOptions, pairsIdle, rank } from './options.ts';
import type { PeftForm, PeftReader } from './peftForm.ts';
import { seededUniform } from './random.ts';
import {
  AT_ANSWER,
  startAt,
  startLost,
  startOf,
  startOption,
  type StartOptions,
  startsLate,
  withoutOff,
} from './start.ts';

/** Rank of the usual bank. */
const BANK_RANK = 16;

/** PEFT's names for the matrices of a layer. */
export const [LORA_A, LORA_B] = ['lora_A.weight', 'lora_B.weight'] as const;

/** Ways to initialise A and B that leave the base's weights unchanged. The other ways subtract the first B A from the weights. */
const PLAIN_STARTS: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva'];

const peft: PeftForm<FirstOptions> = {
  type: 'LORA',
  known: [
    ...['r', 'lora_alpha', 'lora_dropout', 'use_rslora', 'rank_pattern', 'alpha_pattern', 'init_lora_weights'],
    'alora_invocation_tokens',
    // Settings of the ways to initialise that leave the base unchanged, and names and sizes of what is refused below.
    ...['eva_config', 'megatron_core', 'megatron_config', 'qalora_group_size', 'loftq_config', 'runtime_config'],
  ],
  refused: {
    use_dora: 'DoRA also rescales each weight; train plain LoRA',
    use_qalora: 'QALoRA pools its inputs; train plain LoRA',
    use_bdlora: 'block-diagonal LoRA is not supported; train plain LoRA',
    lora_bias: 'it adds a bias to B; train it again without',
    target_parameters: 'only linear layers are adapted here',
    trainable_token_indices: 'it replaces rows of the embeddings; train it again without',
    layer_replication: 'it changes the number of layers of the base',
    arrow_config: 'a mixture of adapters cannot be one update of the weights',
    monteclora_config: 'a Bayesian LoRA is not one update of the weights',
    velora_config: 'VeLoRA is not supported; train plain LoRA',
    kasa_config: 'KaSA is not supported; train plain LoRA',
    corda_config: 'CorDA changes the base; convert it to plain LoRA when saving',
    lora_ga_config: 'LoRA-GA changes the base; convert it to plain LoRA when saving',
  },
  reads: ['rank', 'alpha', 'dropout', 'activateTokens'],
  besides: ['activateAfter'],
  // An activated LoRA of PEFT (arXiv 2504.12397) starts where this one does, but only at tokens.
  differs: (options) => (options.activateAfter === AT_ANSWER ? startLost('PEFT', options) : undefined),
  write: ({ rank, alpha, dropout, ...start }) => ({
    r: rank,
    alpha_pattern: {},
    alora_invocation_tokens: startOf(start)?.tokens, // left out if the adapter acts everywhere
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_bias: false,
    lora_dropout: dropout,
    rank_pattern: {},
    use_dora: false,
    use_rslora: false,
  }),
  read(config) {
    const rank = config.size('r', 8);
    const start = config.value('init_lora_weights');
    if (!PLAIN_STARTS.includes(start))
      config.refuse('init_lora_weights', start, 'it changes the base; convert it to plain LoRA when saving');
    const alpha = config.number('lora_alpha', 8, Number.isFinite, 'a number');
    refuseOthers(config, 'rank_pattern', rank);
    refuseOthers(config, 'alpha_pattern', alpha);
    // Rank-stabilised LoRA (arXiv 2312.03732) scales by alpha / sqrt(r). That is plain LoRA with a larger alpha.
    const scaled = config.value('use_rslora') === true ? alpha * Math.sqrt(rank) : alpha;
    return { ...FIRST_OPTIONS, rank, alpha: scaled, dropout: config.dropout('lora_dropout'), ...invocation(config) };
  },
};

function invocation(config: PeftReader): StartOptions {
  const tokens = config.value('alora_invocation_tokens');
  if (tokens === undefined || tokens === null) return {};
  if (
    !Array.isArray(tokens) ||
    tokens.length === 0 ||
    !tokens.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)
  )
    config.refuse('alora_invocation_tokens', tokens, 'it has to be a list of tokens');
  return startAt(`tokens ${(tokens as number[]).join(' ')}`, tokens as number[]);
}

/** Refuses an adapter in which some layer has another value than the rest. */
function refuseOthers(config: PeftReader, key: string, same: number): void {
  const other = Object.entries(config.value(key) ?? {}).find(([, value]) => value !== same);
  if (other) config.refuse(key, Object.fromEntries([other]), `all layers must share one value, ${same}`);
}

/** y = W x + alpha / rank * B (A x), arXiv 2106.09685. As in PEFT, A: [rank, dIn] starts uniform in +-1/sqrt(dIn), B: [dOut, rank] starts at zero. */
export const lora: LinearMethod<FirstOptions> = {
  name: 'lora',
  label: 'LoRA',
  summary: 'trains two low-rank matrices per layer (arXiv 2106.09685)',
  adapts: 'linear',
  options: [
    rank(16, 'Width of the two matrices of each layer.'),
    {
      name: 'alpha',
      label: 'Alpha',
      help: 'The update is multiplied by alpha / rank.',
      kind: 'number',
      least: 1e-30,
      most: 1e9,
      standard: 'the rank',
    },
    dropoutOption,
    startOption,
  ],
  complete: (given) => withoutOff({ ...given, alpha: given['alpha'] ?? given['rank'] }),
  carried: (own) => ({ ...FIRST_OPTIONS, ...own }),
  learningRate: 1e-3,
  rates: [],
  decisive: ['rank', 'alpha'],
  mergeable: true,
  peft,
  baseline: [1, 4, 16, 64],

  tensors: (sites, { rank }) =>
    sites.flatMap(({ path, dIn, dOut }) => [
      { name: `${path}.${LORA_A}`, shape: [rank, dIn] },
      { name: `${path}.${LORA_B}`, shape: [dOut, rank] },
    ]),

  bank: {
    options({ rank }) {
      const most = bankRank(rank, BANK_RANK);
      return { ...FIRST_OPTIONS, rank: most, alpha: most };
    },
    idle: pairsIdle,
    // The scale of the bank is 1.
    factor: ({ rank, alpha }, tensor) => (tensor.endsWith(LORA_B) ? alpha / rank : 1),
  },

  asLora: (_, { rank, alpha }, theta) => ({ rank, alpha, theta }),

  create(sites, options) {
    const { rank, alpha, dropout: probability, seed } = options;
    const adapted = new Set(sites.map((site) => site.path));
    const scale = alpha / rank;
    return {
      noisy: probability > 0,
      late: startsLate(options),
      parameters: sites.flatMap(({ path, dIn, dOut }) => [
        {
          name: `${path}.${LORA_A}`,
          shape: [rank, dIn],
          group: 'weight',
          decay: true,
          initial: () => seededUniform(`${String(seed)} ${path}`, rank * dIn, 1 / Math.sqrt(dIn)),
        },
        {
          name: `${path}.${LORA_B}`,
          shape: [dOut, rank],
          group: 'weight',
          decay: true,
          initial: () => new Float32Array(dOut * rank),
        },
      ]),

      linear(net, site, x) {
        if (!adapted.has(site.path)) return undefined;
        const { g } = net;
        const { active } = net.options;
        const z = net.trained.product(dropout(net, site.path, x, probability), `${site.path}.${LORA_A}`);
        const acting = active ? g.mul(z, active) : z;
        const update = net.trained.product(g.mul(acting, g.scalar(scale)), `${site.path}.${LORA_B}`);
        return g.add(net.frozen(site, x), update);
      },

      delta(net, site) {
        if (!adapted.has(site.path)) return undefined;
        const { g } = net;
        const b = g.mul(net.trained.value(`${site.path}.${LORA_B}`), g.scalar(scale));
        return g.op(gemm, [b, net.trained.value(`${site.path}.${LORA_A}`)], {});
      },
    };
  },
};
