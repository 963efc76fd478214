// Runs one command line in this process, with what it prints caught.
import { vi } from 'vitest';
import { runProgram } from '#runtime/cli/program.ts';

export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

/** `sortition <args>`: exit code, standard output, standard error. */
export async function sortition(...args: readonly string[]): Promise<Ran> {
  const caught = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    vi.spyOn(name === 'out' ? process.stdout : process.stderr, 'write').mockImplementation((text) => {
      caught[name] += String(text);
      return true;
    }),
  );
  try {
    return { exit: await runProgram(args), ...caught };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
