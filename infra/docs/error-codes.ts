// docs/reference/error-codes.md: every code that a person or a program can meet.
import { CODES } from '#schemas/wire/codes.ts';
import { SETUP_CODES } from '../setup/codes.mjs';
import { code, page, table } from './markdown.ts';

/** Refusals and failures of the network, then those of the set-up. */
export function errorCodes(): string {
  const rows = (codes: Readonly<Record<string, string>>): string =>
    table(
      ['code', 'what happened and what to do'],
      Object.entries(codes).map(([name, meaning]) => [code(name), meaning]),
    );
  return page(
    'Error codes',
    'A refusal or a failure carries one of these. A code keeps its meaning for ever and is never used again for another.',
    '`schemas/wire/codes.ts` and `infra/setup/codes.mjs`',
    `## The network\n\n${rows(CODES)}\n\n## The set-up\n\n${rows(SETUP_CODES)}`,
  );
}
