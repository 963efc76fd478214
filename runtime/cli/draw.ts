// `sortition draw`: how the lottery gave a unit to its worker and auditors, and the same recomputed from the genesis file alone.
import type { DrawExplanation } from '#machines/work/draw.ts';
import { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { epochOf, verifyDrawBundle } from '../gateway/draw-bundle.ts';
import { askHandover } from '../light/gateway-answers.ts';
import { TrustedSets } from '../light/trusted-sets.ts';
import { productionCrypto } from '../node/crypto.ts';
import { genesisElectorate } from '../node/final-blocks.ts';
import { EXIT } from './cli-error.ts';
import { whenProven } from './pending.ts';
import { bold, green, printJson, printLine } from './print.ts';
import { genesisOf, type LightOptions, reachConsole } from './reach.ts';
import { brief, table } from './table.ts';

type Told = {
  readonly unit: string;
  readonly draws: readonly { readonly bundle: unknown; readonly explanation: DrawExplanation }[];
};

export async function run(o: LightOptions & { readonly verify?: boolean }, unit: string): Promise<number> {
  const console = await reachConsole(o);
  const told = await whenProven('DRAW_PROOF_PENDING', () => console.get<Told>(`/api/draws/${unit}`));
  if (o.verify === true) return verify(o, told);
  if (o.json === true) printJson(told);
  else for (const { explanation } of told.draws) show(explanation);
  return EXIT.ok;
}

/** Trusts nothing that the gateway says: what is shown is what was recomputed here. */
async function verify(o: LightOptions, { unit, draws }: Told): Promise<number> {
  const crypto = productionCrypto;
  const source = await reachConsole(o);
  const sets = new TrustedSets(genesisElectorate(await genesisOf(o), crypto), (epoch) => askHandover(source, epoch));
  const bundles = draws.map(({ bundle }) => DrawBundle.parse(bundle));
  for (const bundle of bundles) await sets.of(epochOf(bundle) ?? 0);
  const outcomes = bundles.map((bundle) => verifyDrawBundle(bundle, sets.known, crypto));
  if (o.json === true)
    printJson({
      unit,
      draws: outcomes.map((one) =>
        one.ok ? { verified: true, ...one.value } : { verified: false, code: one.code, detail: one.detail },
      ),
    });
  else
    for (const one of outcomes) {
      if (!one.ok) printLine(`${one.code}: ${one.detail ?? ''}`);
      else show(one.value);
      if (one.ok)
        printLine(
          `  ${green('verified')} from the genesis: certificate → header → state root → rows and beacon → the same draw\n`,
        );
    }
  return outcomes.every(({ ok }) => ok) ? EXIT.ok : EXIT.failure;
}

function show({ purpose, attempt, height, beacon, seed, pool, steps, drawn }: DrawExplanation): void {
  printLine(bold(`${purpose}, attempt ${attempt}`));
  printLine(`  height ${height}   beacon ${beacon}`);
  printLine(`  seed   SHA-256(draw/v1 | beacon | purpose | job | index | attempt) = ${seed}`);
  printLine(`  pool   ${pool.length} workers, shuffled by the seed; the first that may do it:`);
  const rows = steps.map((step) => ['   ', brief(step.id), brief(step.operator), step.taken ? 'drawn' : 'may not']);
  printLine(table(['   ', 'worker', 'operator', ''], rows));
  printLine(`  drawn  ${drawn.map(brief).join(', ')}`);
}
