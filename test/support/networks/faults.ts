// Carries out the faults of a manifest, and knows who is up: whom nothing keeps from deciding with the others.
import { cp, rm } from 'node:fs/promises';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { until } from '../until.ts';
import { speakCorruptly } from './corrupt-validator.ts';
import type { Step } from './manifest.ts';
import { type ValidatorNodes, validatorName } from './validator-nodes.ts';

/** How long two under one key may take to notice each other, ms. */
const PATIENT_MS = 60_000;

export type FaultStep = Exclude<Step, { do: 'await' | 'stand' }>;

export class Faults {
  /** Numbers of all validators. */
  readonly all: readonly number[];
  /** Those whose key is in two processes. */
  readonly doubled: number[] = [];
  readonly #nodes: ValidatorNodes;
  readonly #down = new Set<number>();
  readonly #corrupt: (() => Promise<void>)[] = [];

  constructor(nodes: ValidatorNodes, all: readonly number[]) {
    this.#nodes = nodes;
    this.all = all;
  }

  get up(): readonly number[] {
    return this.all.filter((number) => !this.#down.has(number));
  }

  async carryOut(step: FaultStep): Promise<void> {
    if (step.do === 'kill broker') return this.#server(step.server).kill('SIGKILL');
    if (step.do === 'restart broker') return this.#server(step.server).restart();
    await Promise.all(step.who.map((number) => this.#carryOut(step, number, validatorName(number))));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#corrupt.map((silence) => silence()));
  }

  async #carryOut(step: Exclude<FaultStep, { server: number }>, number: number, name: string): Promise<void> {
    const nodes = this.#nodes;
    switch (step.do) {
      case 'kill':
        this.#down.add(number);
        return nodes.kill(name);
      case 'restart':
        if (this.doubled.includes(number)) await Promise.all([name, copyOf(name)].map((one) => nodes.kill(one)));
        await nodes.startAll([name]);
        return void this.#down.delete(number);
      case 'wipe':
        return rm(nodes.folder(name), { recursive: true });
      case 'pause':
        this.#down.add(number);
        return nodes.process(name).signal('SIGSTOP');
      case 'resume':
        this.#down.delete(number);
        return nodes.process(name).signal('SIGCONT');
      case 'disconnect':
        this.#down.add(number);
        return nodes.paths(name).forEach((path) => path.cut());
      case 'disturb':
        return nodes.paths(name).forEach((path) => path.disturb(step));
      case 'heal':
        this.#down.delete(number);
        return nodes.paths(name).forEach((path) => path.heal());
      case 'corrupt':
        return this.#speakFor(name);
      case 'deploy twice':
        return this.#deployTwice(number, name);
    }
  }

  async #speakFor(name: string): Promise<void> {
    const key = await readKeyFile(keyPath(this.#nodes.dir, name));
    this.#corrupt.push(await speakCorruptly(this.#nodes.url, this.#nodes.network.chain, key));
  }

  /** From the same disk, as a backup that is started beside what it was made of. Neither is relied on: they stop when they hear each other. */
  async #deployTwice(number: number, name: string): Promise<void> {
    this.#down.add(number);
    this.doubled.push(number);
    await this.#nodes.kill(name);
    await cp(this.#nodes.folder(name), this.#nodes.folder(copyOf(name)), { recursive: true });
    await this.#nodes.startAll([name]);
    this.#nodes.startCopy(name, copyOf(name));
    const notices = async (): Promise<boolean> => {
      const logs = await Promise.all([name, copyOf(name)].map((one) => this.#nodes.log(one)));
      return logs.some((log) => log.includes('KEY_IN_USE_TWICE'));
    };
    await until(notices, PATIENT_MS, `one of two under the key of ${name} stops`);
  }

  #server(number: number) {
    const server = this.#nodes.servers[number - 1];
    if (server === undefined) throw new RangeError(`the broker has no server ${number}`);
    return server;
  }
}

const copyOf = (name: string): string => `${name}-copy`;
