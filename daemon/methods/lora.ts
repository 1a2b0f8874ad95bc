import { LORA_A, LORA_B } from '../formats/adapterFile.ts';
import { dropout } from './dropout.ts';
import type { Method } from './method.ts';
import { dropoutOption, rank } from './options.ts';
import { seededUniform } from './random.ts';
import { gemm } from '../graph/ops/gemm.ts';

/** y = W x + alpha / rank * B (A x), arXiv 2106.09685. A: [rank, dIn] uniform in +-1/sqrt(dIn) as PEFT starts it, B: [dOut, rank] zero. */
export const lora: Method = {
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
  ],
  complete: (given) => ({ ...given, alpha: given['alpha'] ?? given['rank'] }),
  learningRate: 4e-4,
  rates: [],
  count: (site, rank) => rank * (site.dIn + site.dOut),

  create(sites, { rank, alpha, dropout: probability, seed }) {
    const adapted = new Set(sites.map((site) => site.path));
    const scale = alpha / rank;
    return {
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
        const z = net.trained.product(dropout(net, site.path, x, probability), `${site.path}.${LORA_A}`);
        const update = net.trained.product(g.mul(z, g.scalar(scale)), `${site.path}.${LORA_B}`);
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
