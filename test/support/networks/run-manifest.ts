// Runs a live network as its manifest says: start, each step, then what must hold at the end. Looks through public interfaces alone.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../until.ts';
import { Faults } from './faults.ts';
import { Load } from './load.ts';
import type { Manifest, Step } from './manifest.ts';
import { OutsideView } from './outside-view.ts';
import { gatewayName, ValidatorNodes, validatorName } from './validator-nodes.ts';

/** What was decided just before a quorum was lost may still arrive, ms. */
const SETTLE_MS = 1_000;

/** What was seen, in a sentence. @throws Error that names the step, where something does not hold */
export async function runManifest(manifest: Manifest): Promise<string> {
  const begin_ms = performance.now();
  const nodes = await ValidatorNodes.start({ ...manifest, breakable: breakable(manifest) });
  const started_s = secondsSince(begin_ms);
  const view = await OutsideView.open(nodes);
  const run = new Run(manifest, nodes, view);
  try {
    const load = new Load(nodes, await view.gateway(gatewayName(1)));
    for (const [i, step] of manifest.steps.entries())
      await named(`step ${i + 1}, ${JSON.stringify(step)}`, run.carryOut(step));
    const seen = await named('the end', run.end(load));
    return `${manifest.about}: started in ${started_s} s; ${seen}; ${secondsSince(begin_ms)} s in all`;
  } catch (error) {
    throw new Error(`${String(error)}\n${await nodes.complaints()}`, { cause: error });
  } finally {
    await run.faults.stop();
    await view.close();
    await nodes.stop();
  }
}

const secondsSince = (begin_ms: number): string => ((performance.now() - begin_ms) / 1_000).toFixed(1);

async function named<T>(what: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  });
}

const breakable = ({ steps }: Manifest): ReadonlySet<string> =>
  new Set(
    steps.flatMap((step) => (step.do === 'disconnect' || step.do === 'disturb' ? step.who.map(validatorName) : [])),
  );

class Run {
  readonly faults: Faults;
  readonly #manifest: Manifest;
  readonly #nodes: ValidatorNodes;
  readonly #view: OutsideView;

  constructor(manifest: Manifest, nodes: ValidatorNodes, view: OutsideView) {
    this.#manifest = manifest;
    this.#nodes = nodes;
    this.#view = view;
    this.faults = new Faults(
      nodes,
      Array.from({ length: manifest.validators }, (_, i) => i + 1),
    );
  }

  async carryOut(step: Step): Promise<void> {
    if (step.do === 'await') return void (await this.#progress(step.heights, step.within_s));
    if (step.do === 'stand') return this.#stand(step.for_ms);
    return this.faults.carryOut(step);
  }

  /** Everybody correct goes on together, holds the same blocks, and the money is right at every gateway. */
  async end(load: Load): Promise<string> {
    const { end, gateways } = this.#manifest;
    const expected = this.faults.all.filter((number) => !end.dead.includes(number) && !end.guilty.includes(number));
    const missing = expected.filter((number) => !this.faults.up.includes(number));
    if (missing.length > 0) throw new Error(`the steps leave ${missing.join()} down, and the end expects them`);
    const healed_ms = performance.now();
    const height = await this.#progress(Math.max(end.heights, end.height - (await this.#highest())), end.within_s);
    const progress_s = secondsSince(healed_ms);
    await this.#expectNamed(end.within_s);
    await load.stop();
    await this.#expectSameBlocks(expected, height);
    const audits: string[] = [];
    for (let i = 1; i <= gateways; i++) audits.push(await this.#auditAt(gatewayName(i), load, height));
    return `height ${height}, ${end.heights} more in ${progress_s} s after the last step; ${audits[0]}`;
  }

  #upNames = (): string[] => this.faults.up.map(validatorName);

  #highest = async (): Promise<number> => Math.max(...(await this.#view.heights(this.#upNames())));

  async #progress(heights: number, within_s: number): Promise<number> {
    const height = (await this.#highest()) + heights;
    await this.#view.reached(this.#upNames(), height, within_s * 1_000);
    return height;
  }

  async #stand(for_ms: number): Promise<void> {
    await delay(SETTLE_MS);
    const before = await this.#highest();
    await delay(for_ms);
    const after = await this.#highest();
    if (after !== before) throw new Error(`height ${after} was decided without a quorum`);
  }

  async #expectSameBlocks(numbers: readonly number[], height: number): Promise<void> {
    const { validators } = this.#nodes.network.chain;
    const agreed = new Map<number, string>();
    for (const number of numbers) {
      for (const [at, id] of await this.#view.chain(validators[number - 1]?.id ?? '', height)) {
        if ((agreed.get(at) ?? id) !== id)
          throw new Error(`${validatorName(number)} holds another block at height ${at}`);
        agreed.set(at, id);
      }
    }
    if (agreed.size !== height) throw new Error(`of ${height} blocks ${height - agreed.size} are nowhere`);
  }

  /** Whoever broke the rules before everybody's eyes, and nobody else; a key in two places may have done so. */
  async #expectNamed(within_s: number): Promise<void> {
    const { validators } = this.#nodes.network.chain;
    const ids = (numbers: readonly number[]) => numbers.map((number) => validators[number - 1]?.id ?? '');
    const must = ids(this.#manifest.end.guilty);
    const client = await this.#view.gateway(gatewayName(1));
    const named = await until(
      async () => {
        const found = new Set((await client.view()).evidence.map(({ validator }) => validator));
        return must.every((id) => found.has(id)) && found;
      },
      within_s * 1_000,
      'the guilty are named on the ledger',
    );
    const may = new Set([...must, ...ids(this.faults.doubled)]);
    const innocent = [...named].filter((id) => !may.has(id));
    if (innocent.length > 0) throw new Error(`evidence against ${innocent.join()}, who did nothing`);
  }

  async #auditAt(name: string, load: Load, height: number): Promise<string> {
    const client = await this.#view.gateway(name);
    await until(async () => (await client.network()).height >= height, PATIENT_MS, `${name} follows to ${height}`);
    return load.audit(client);
  }
}

const PATIENT_MS = 60_000;
