/** What a training run tells, as it happens: with `--json` each is one line. Losses are means over counted tokens, in nats. */
export type TrainEvent =
  | { event: 'progress'; text: string; fraction: number }
  | {
      event: 'start';
      out: string;
      base: string;
      method: string;
      precision: string;
      /** How many linear layers are adapted; 0 with `full`. */
      layers: number;
      format: string;
      data: string;
      rows: number;
      heldOutRows: number;
      /** Optimizer steps there will be; with epochs an estimate. */
      steps: number;
      trainableParameters: number;
      /** Step that is gone on from; 0 for a new run. */
      step: number;
    }
  | {
      event: 'step';
      /** Counted from 1. */
      step: number;
      steps: number;
      /** Counted from 0. */
      epoch: number;
      loss: number;
      learningRate: number;
      /** Before clipping. */
      gradientNorm: number;
      /** Input tokens of this step. */
      tokens: number;
      tokensPerSecond: number;
      rssBytes: number;
      peakRssBytes: number;
      secondsLeft: number;
    }
  | { event: 'eval'; step: number; loss: number; best: boolean; tokens: number }
  | { event: 'sample'; when: 'before' | 'after'; prompt: string; text: string }
  | { event: 'checkpoint'; step: number; file: string }
  | { event: 'note'; text: string }
  | { event: 'stopped'; step: number; checkpoint: string }
  | ReportEvent
  | DoneEvent;

/** What was measured, for the table at the end. */
export interface ReportEvent {
  event: 'report';
  steps: number;
  /** Step whose parameters the adapter holds: the best one where held-out rows decide, else the last. */
  adapterStep: number;
  stoppedEarly: boolean;
  tokens: number;
  trainSeconds: number;
  /** Gradient and both moments of the optimizer, as they are. */
  optimizerBytes: number;
  /** What the plan foretells; absent for `full`. */
  planned?: {
    trainableParameters: number;
    adapterBytes: number;
    optimizerBytes: number;
    peakRssBytes: number;
    tokensPerSecond: number;
  };
}

/** The last line of a run that went through. Without held-out rows there are no held-out losses: null. */
export interface DoneEvent {
  event: 'done';
  adapter: string;
  trainLoss: number | null;
  evalLoss: number | null;
  baseEvalLoss: number | null;
  trainableParameters: number;
  adapterBytes: number;
  tokensPerSecond: number;
  peakRssBytes: number;
}

export type Emit = (event: TrainEvent) => void;
