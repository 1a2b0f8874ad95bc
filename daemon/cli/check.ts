/** One result of `vera doctor`. */
export interface Check {
  readonly name: string;
  /** wrong: training will not work until it is put right. */
  readonly status: 'right' | 'poor' | 'wrong';
  readonly message: string;
  /** What to do. */
  readonly cure?: string;
}
