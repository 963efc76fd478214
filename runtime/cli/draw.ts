// `sortition draw`: how the lottery gave a unit to its worker and auditors, and the same recomputed from the genesis file alone.
import type { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { verifyDrawBundle } from '../gateway/draw-bundle.ts';
import { productionCrypto } from '../node/crypto.ts';
import { EXIT } from './cli-error.ts';
import { bold, green, printJson, printLine } from './print.ts';
import { genesisOf, reachConsole, type ReachOptions } from './reach.ts';
import { brief } from './table.ts';

type Checked = DrawBundle & { readonly verified: boolean; readonly code?: string; readonly detail?: string };

export async function run(o: ReachOptions & { readonly verify?: boolean }, unit: string): Promise<number> {
  const { draws } = await (await reachConsole(o)).get<{ readonly draws: readonly DrawBundle[] }>(`/api/draws/${unit}`);
  if (o.verify !== true) {
    if (o.json === true) printJson({ unit, draws });
    else for (const draw of draws) show(draw);
    return EXIT.ok;
  }
  const chain = await genesisOf(o);
  const checked = draws.map((draw): Checked => {
    const outcome = verifyDrawBundle(draw, chain, productionCrypto(chain));
    return outcome.ok ? { ...draw, verified: true } : { ...draw, verified: false, code: outcome.code, ...(outcome.detail === undefined ? {} : { detail: outcome.detail }) };
  });
  if (o.json === true) printJson({ unit, draws: checked });
  else checked.forEach(showChecked);
  return checked.every(({ verified }) => verified) ? EXIT.ok : EXIT.failure;
}

function show({ purpose, attempt, height, drawn }: DrawBundle): void {
  printLine(bold(`${purpose}, attempt ${attempt}`));
  printLine(`  beacon of height ${height}; drawn: ${drawn.map(brief).join(', ')}`);
}

function showChecked(draw: Checked): void {
  show(draw);
  printLine(draw.verified ? `  ${green('verified')}: certificate → header → beacon and state root → pool → the same draw` : `  ${draw.code}: ${draw.detail ?? ''}`);
}
