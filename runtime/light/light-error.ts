// What a light client does not believe, or cannot read.
import type { EvidenceFile } from '#schemas/consensus/evidence-file.ts';
import type { Code } from '#schemas/wire/codes.ts';

export class LightError extends Error {
  override readonly name = 'LightError';
  readonly code: Code;

  /** @param detail the value that is at fault: a height, a row, a path */
  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** LIGHT_FORK, with both commits at hand: who signed them can be named. */
export class ForkError extends LightError {
  readonly evidence: EvidenceFile;

  constructor(detail: string, evidence: EvidenceFile) {
    super('LIGHT_FORK', detail);
    this.evidence = evidence;
  }
}
