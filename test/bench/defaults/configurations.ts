/** What the sweep compares: a method with its targets, rank and rates. */
export interface Configuration {
  readonly method: string;
  readonly targets: string;
  readonly rank: number;
  readonly lr: number;
  /** VeRA's own learning rate of d, where it differs. */
  readonly lrD?: number;
}

const QV = 'q_proj,v_proj';
const ALL = 'all-linear';

const vera = (targets: string, rank: number, ...rates: number[]): Configuration[] =>
  rates.map((lr) => ({ method: 'vera', targets, rank, lr }));
const lora = (targets: string, rank: number, ...rates: number[]): Configuration[] =>
  rates.map((lr) => ({ method: 'lora', targets, rank, lr }));
const ownRate = (targets: string, lr: number, ...rates: number[]): Configuration[] =>
  rates.map((lrD) => ({ method: 'vera', targets, rank: 256, lr, lrD }));

/** What decides first, so that an interrupted sweep has the most useful rows. */
export const CONFIGURATIONS: readonly Configuration[] = [
  ...vera(ALL, 256, 2e-2, 1e-2),
  ...vera(QV, 256, 4e-3, 3e-2),
  ...lora(ALL, 1, 2e-3),
  ...lora(QV, 1, 4e-3),
  ...lora(ALL, 16, 1e-3),
  ...vera(ALL, 256, 4e-2, 4e-3),
  ...vera(QV, 256, 1e-2, 6e-2),
  ...lora(ALL, 1, 4e-3, 1e-3),
  ...lora(QV, 1, 8e-3, 2e-3),
  ...lora(ALL, 16, 2e-3, 4e-4),
  ...lora(QV, 16, 1e-3, 2e-3, 4e-4),
  ...ownRate(ALL, 2e-2, 2e-3, 6e-2),
  ...ownRate(QV, 3e-2, 3e-3, 1e-1),
  ...vera(ALL, 64, 2e-2),
  ...vera(ALL, 1024, 2e-2),
  ...vera(QV, 64, 3e-2),
  ...vera(QV, 1024, 3e-2),
];

/** 'vera r 256 all-linear at 0.02', for people and for `--only`. */
export const nameOf = ({ method, targets, rank, lr, lrD }: Configuration): string =>
  `${method} r ${rank} ${targets === QV ? 'q+v' : targets} at ${lr}${lrD === undefined ? '' : `, d at ${lrD}`}`;
