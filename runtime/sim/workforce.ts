// Everyone in a simulated network who is no consensus process: workers, shuffler and validators' duties as the production machines
// on the production stepper, and clients that pay and order work. Their messages travel the same bad network.
import type { Effect, HostEvent } from '#actors/host.ts';
import { validator } from '#actors/node/validator.actor.ts';
import { shuffler } from '#actors/work/shuffler.actor.ts';
import { worker } from '#actors/work/worker.actor.ts';
import { KeygenRequest } from '#schemas/node/keygen.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { HeartbeatsRequest, LotteryRequest } from '#schemas/work/lottery.ts';
import { SandboxRequest } from '#schemas/work/sandbox.ts';
import { createStepper } from '../host/stepper.ts';
import { EPOCH_MS } from './event-queue.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { isCorrect } from './plan.ts';
import { requestBody } from './set-requests.ts';
import type { Execution } from './sim-application.ts';
import { CLIENTS, keyOf, WORKERS } from './sim-genesis.ts';
import { createSimSandbox, type SimSandbox } from './sim-sandbox.ts';
import { twinCrypto } from './twin-crypto.ts';
import { twinKeygenWords } from './twin-dealer.ts';
import type { Workforce, World } from './world.ts';

const ACTORS = { worker, shuffler, validator };
const STEPPERS = {
  worker: createStepper(worker.machine),
  shuffler: createStepper(shuffler.machine),
  validator: createStepper(validator.machine),
};
type Kind = keyof typeof STEPPERS;

/** One machine and what its host keeps for it. */
type Actor = {
  readonly kind: Kind;
  readonly id: string;
  readonly outbox: Outbox;
  readonly sandbox: SimSandbox;
  readonly timers: Map<string, number>;
  /** Questions to ports that are answered when there is something to say. */
  readonly asked: Map<string, Extract<Effect, { type: 'io' }>>;
  snapshot: ReturnType<(typeof STEPPERS)[Kind]['start']>['snapshot'];
};

/** Time between two doings of the clients, ms. */
export const TICK_MS = 250;
const TRANSFERS = 12;

/** Everyone, at rest. */
export function createWorkforce(world: World): Workforce {
  const { prng, queue, base, plan } = world;
  const now = (): number => EPOCH_MS + queue.now_ms;
  const outboxOf = (account: string): Outbox => createOutbox(world, account);
  const hasJobs = plan.kind === 'ledger';
  // In one schedule of eight dealers are slow, so that some come too late for their phase.
  const dealing_ms = plan.seed % 8 === 3 ? 400 : 20;
  const actors: Actor[] = hasJobs ? staff() : [];
  const firstValidator = actors.length;
  for (const node of plan.powers.keys()) actors.push(actorOf('validator', keyOf('validator', node)));
  const clients = Array.from({ length: CLIENTS }, (_, i) => outboxOf(keyOf('client', i)));
  let latest: Execution | undefined;
  let isDone = !hasJobs;
  let transfers = 0;

  function staff(): Actor[] {
    const liar = prng.chance(340) ? prng.below(WORKERS) : -1;
    const workers = Array.from({ length: WORKERS }, (_, i) => actorOf('worker', keyOf('worker', i), i === liar));
    return [...workers, actorOf('shuffler', keyOf('shuffler', 0))];
  }

  function actorOf(kind: Kind, id: string, lies = false): Actor {
    const { snapshot } = STEPPERS[kind].start(id);
    return {
      kind,
      id,
      outbox: outboxOf(id),
      sandbox: createSimSandbox(id, prng, lies),
      timers: new Map(),
      asked: new Map(),
      snapshot,
    };
  }

  function later(actor: number, delay_ms: number, event: (now_ms: number) => HostEvent): void {
    const at_ms = queue.now_ms + delay_ms;
    queue.push(at_ms, { type: 'actor', to: actor, event: event(EPOCH_MS + at_ms) });
  }

  function hear(index: number, event: HostEvent): void {
    const actor = actors[index] as Actor;
    if (event.type === 'timer.fired') {
      if (actor.timers.get(event.id) !== event.now_ms) return;
      actor.timers.delete(event.id);
    }
    const { snapshot, effects } = STEPPERS[actor.kind].step(actor.snapshot, event);
    actor.snapshot = snapshot;
    for (const effect of effects) perform(index, actor, effect);
  }

  function perform(index: number, actor: Actor, effect: Effect): void {
    if (effect.type === 'submit') actor.outbox.submit(effect.body);
    if (effect.type === 'timer.cancel') actor.timers.delete(effect.id);
    if (effect.type === 'timer.set') {
      const at_ms = Math.max(effect.at_ms, now());
      actor.timers.set(effect.id, at_ms);
      queue.push(at_ms - EPOCH_MS, {
        type: 'actor',
        to: index,
        event: { type: 'timer.fired', id: effect.id, now_ms: at_ms },
      });
    }
    if (effect.type === 'io') ask(index, actor, effect);
  }

  function ask(index: number, actor: Actor, io: Extract<Effect, { type: 'io' }>): void {
    if (io.port === 'sandbox')
      return answer(index, io, actor.sandbox(SandboxRequest.parse(io.request)), prng.between(1, 40));
    if (io.port === 'heartbeats') return answer(index, io, { heartbeats: heartbeats() }, untilHeard(io));
    if (io.port === 'keygen') return answer(index, io, wordsOf(index, io), prng.between(1, dealing_ms));
    actor.asked.set(io.port, io);
    if (io.port === 'lottery') draw(index, actor);
  }

  function answer(
    index: number,
    { port, key }: Extract<Effect, { type: 'io' }>,
    answer: unknown,
    delay_ms: number,
  ): void {
    later(index, delay_ms, (now_ms) => ({ type: 'io.done', port, key, answer, now_ms }));
  }

  /** The keygen port: what a validator owes the phase that has begun (runtime/node/keygen-port.ts). */
  function wordsOf(index: number, { request }: Extract<Effect, { type: 'io' }>): unknown {
    const { epoch, phase } = KeygenRequest.parse(request);
    const view = latest?.ledger.keygen(epoch);
    if (view?.phase !== phase) return [];
    const node = index - firstValidator;
    return twinKeygenWords(view, keyOf('validator', node), isCorrect(plan, node) ? undefined : prng);
  }

  /** Who asks to join has a process that follows the chain. */
  function askAt(height: number): void {
    for (const request of plan.requests.filter(({ at_height }) => at_height === height)) {
      actors[firstValidator + request.node]?.outbox.submit(requestBody(base.chain, plan, request));
      if (request.asks === 'join') queue.push(queue.now_ms, { type: 'restart', to: request.node });
    }
  }

  /** Everyone comes at once, then nobody new: the port answers when its interval ends. */
  const untilHeard = ({ key, request }: Extract<Effect, { type: 'io' }>): number =>
    key === 'heartbeats:1' ? 5 : HeartbeatsRequest.parse(request).interval_ms;

  function heartbeats() {
    const at_ms = now();
    return Array.from({ length: WORKERS }, (_, i) => {
      const worker = keyOf('worker', i);
      return { worker, at_ms, signature: twinCrypto.sign(worker, heartbeatSignBytes(base.chain, worker, at_ms)) };
    });
  }

  /** The lottery port: answers when the latest block leaves draws open (runtime/node/lottery-port.ts). */
  function draw(index: number, actor: Actor): void {
    const io = actor.asked.get('lottery');
    if (io === undefined || latest === undefined) return;
    const { after_height, older_than_ms } = LotteryRequest.parse(io.request);
    const height = latest.ledger.height();
    const draws = height > after_height ? [...latest.ledger.pendingDraws(older_than_ms)] : [];
    if (draws.length === 0) return;
    actor.asked.delete('lottery');
    answer(index, io, { height, draws }, 1);
  }

  function transfer(): TxBody {
    const amount_units = prng.chance(100) ? 10n ** 12n : BigInt(prng.between(1, 5_000));
    return { type: 'transfer', to: keyOf('client', prng.below(CLIENTS)), asset: 'credit', amount_units };
  }

  return {
    get isDone() {
      return isDone;
    },
    start() {
      actors.forEach((_, i) => later(i, 1, (now_ms) => ({ type: 'actor.started', now_ms })));
      const job = {
        kernel: 'noop/v1',
        start: u128(0n),
        unit_log2: 8,
        units: prng.between(1, 3),
        reward_per_unit_units: 100n,
      } as const;
      if (hasJobs) clients[0]?.submit({ type: 'job.submit', idempotency_key: 'one', ...job });
      queue.push(TICK_MS, { type: 'client' });
    },
    hear,
    onBlock(execution) {
      latest = execution;
      askAt(execution.block.height);
      const { height, time_ms, events } = execution.block;
      if (events.some((event) => event.type === 'job.finished')) isDone = true;
      actors.forEach((actor, i) => {
        const mine = events.filter((event) => {
          const whom = ACTORS[actor.kind].concerns(event);
          return whom === 'all' || whom.includes(actor.id);
        });
        if (mine.length > 0)
          later(i, prng.between(1, 20), (now_ms) => ({ type: 'ledger.block', height, time_ms, events: mine, now_ms }));
        draw(i, actor);
      });
    },
    onEvidence(validator, evidence) {
      const index = firstValidator + validator;
      const io = actors[index]?.asked.get('evidence');
      if (io === undefined) return;
      actors[index]?.asked.delete('evidence');
      answer(index, io, evidence, 1);
    },
    tick() {
      if (transfers++ < TRANSFERS) prng.pick(clients).submit(transfer());
      for (const { outbox } of actors) outbox.repeat(latest?.ledger);
      for (const client of clients) client.repeat(latest?.ledger);
      queue.push(queue.now_ms + TICK_MS, { type: 'client' });
    },
  };
}
