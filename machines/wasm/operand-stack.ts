// How many operands a function holds at one time. Their types are for the engine to check.

export class OperandStack {
  /** Height at which the operands of each open block begin. */
  readonly #bases: number[] = [0];
  #height = 0;
  /** The most that it held. */
  most = 0;

  /** Code that is never reached may take more than there is. */
  pop(count: number): void {
    this.#height = Math.max(this.#base, this.#height - count);
  }

  push(count: number): void {
    this.#height += count;
    this.most = Math.max(this.most, this.#height);
  }

  /** A block begins, which takes its parameters with it. */
  enter(params_count: number): void {
    this.pop(params_count);
    this.#bases.push(this.#height);
    this.push(params_count);
  }

  /** The other arm of an `if` begins with the same parameters; code behind a jump with none. */
  restart(params_count: number): void {
    this.#height = this.#base;
    this.push(params_count);
  }

  /** The innermost block ends with its results in place of what it held. */
  leave(results_count: number): void {
    this.#height = this.#bases.pop() ?? 0;
    this.push(results_count);
  }

  get #base(): number {
    return this.#bases.at(-1) ?? 0;
  }
}
