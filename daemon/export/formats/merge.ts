import type { ExportFormat } from './format.ts';

const BYTES = 4; // of a weight in float32, the largest type of a base

/** The base with the adapter's update added to its weights: a model that needs no adapter. */
export const merge: ExportFormat = {
  name: 'merge',
  label: 'Merged model',
  summary: 'a Hugging Face folder of the base with the adapter in its weights',
  losses:
    'No longer an adapter: it cannot be removed or switched. Weights keep the number type of the base, and are rounded where that is less than float32.',
  options: [],
  job: 'merge',
  atMost: true,
  bytes: ({ baseParameters }) => (baseParameters === null ? undefined : baseParameters * BYTES),
  async write(dir, source, _options, context) {
    // Merging loads onnxruntime, which the daemon that lists the formats never does.
    const { mergeModel } = await import('../merge.ts');
    const { maxDifference, ...report } = await mergeModel({ ...source, ...context, out: dir });
    const figure = maxDifference === 0 ? '0' : maxDifference.toExponential(1);
    return {
      check: `Its logits differ from those of the base with the adapter by at most ${figure}.`,
      details: { maxLogitDifference: maxDifference, ...report },
    };
  },
  uses: (out) => [
    { label: 'Ask it something here', program: 'vera', args: ['generate', '--base', out, '--prompt', 'Hello'] },
    {
      label: 'Load it with transformers',
      program: 'python',
      args: [
        '-c',
        `from transformers import AutoModelForCausalLM as M; model = M.from_pretrained(${JSON.stringify(out)})`,
      ],
    },
  ],
};
