// What one turn of a validator's host gathers from the core's effects: rows for the disk first, words for after the sync.
import type { CoreEffect, Input } from '#machines/consensus/types.ts';
import type { Evidence } from '#schemas/consensus/types.ts';
import type { Refusal } from '#schemas/wire/codes.ts';
import type { Row } from './disk.ts';
import { inputOf, type Message } from './message.ts';
import type { Process } from './process.ts';
import type { SignerRecord } from './sim-signer.ts';
import { twinBeacon } from './twin-crypto.ts';

/** `to` is a validator, or all of them. */
export type Said = { readonly message: Message; readonly to: number | 'all' };
type EffectOf<T extends CoreEffect['type']> = Extract<CoreEffect, { type: T }>;

export type Turn = {
  readonly rows: Row[];
  readonly said: Said[];
  readonly timers: EffectOf<'timer.set'>[];
  readonly evidence: Evidence[];
  /** Why the validator stops, if it does. */
  halt: string | undefined;
};

/** Who steps, when on its own clock, and whether blocks carry a beacon. */
export type Circumstances = { readonly self: number; readonly now_ms: number; readonly releasesBeacon: boolean };

/** Step the inputs, and the own words that follow from them, until the core rests. */
export function runTurn(process: Process, { self, now_ms, releasesBeacon }: Circumstances, first: Input): Turn {
  const turn: Turn = { rows: [], said: [], timers: [], evidence: [], halt: undefined };
  const inputs = [first];
  for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
    for (const effect of process.core.step(input)) perform(effect);
  }
  return turn;

  function perform(effect: CoreEffect): void {
    switch (effect.type) {
      case 'record':
        turn.rows.push({ type: 'input', input: effect.input });
        break;
      case 'vote':
        vote(effect);
        break;
      case 'propose':
        propose(effect);
        break;
      case 'publish.certificate':
        say({ type: 'certificate', certificate: effect.certificate, ...(effect.block && { block: effect.block }) });
        break;
      case 'publish.status':
        say({ type: 'status', from: self, ...effect.status });
        break;
      case 'rebroadcast':
        for (const message of process.own.latest()) say(message);
        break;
      case 'timer.set':
        process.timers.set(effect.id, effect.at_ms);
        turn.timers.push(effect);
        break;
      case 'timer.cancel':
        process.timers.delete(effect.id);
        break;
      case 'decided':
        decided(effect);
        break;
      case 'beacon.release':
        if (releasesBeacon) say(beaconShare(effect.height));
        break;
      case 'sync.request':
        ask(effect);
        break;
      case 'evidence.found':
        turn.evidence.push(effect.evidence);
        break;
      case 'halt':
        turn.halt = `${effect.code}: ${effect.detail}`;
        break;
      case 'refused':
        break;
    }
  }

  function beaconShare(height: number): Message {
    return { type: 'beacon.partial', epoch: 0, height, validator: self, signature: twinBeacon(height) };
  }

  function say(message: Message): void {
    turn.said.push({ message, to: 'all' });
  }

  function vote({ vote }: EffectOf<'vote'>): void {
    const signed = process.signer.vote(vote);
    if (!signed.ok) return stop(signed);
    const { record, signature } = signed.value;
    sayOwn({ type: 'vote', vote: { ...vote, signature } }, record);
  }

  function propose({ proposal, block, polka }: EffectOf<'propose'>): void {
    const signed = process.signer.proposal(proposal);
    if (!signed.ok) return stop(signed);
    const { record, signature } = signed.value;
    sayOwn({ type: 'proposal', proposal: { ...proposal, signature }, block, ...(polka && { polka }) }, record);
  }

  /** Own words are inputs like all others, so that a replay has them. */
  function sayOwn(message: Message, record: SignerRecord): void {
    turn.rows.push({ type: 'signed', record });
    process.own.add(message);
    say(message);
    const input = inputOf(message, self, now_ms);
    if (input !== null) inputs.push(input);
  }

  /** A signer that refuses stops the node: its memory and its record disagree. */
  function stop({ code, detail }: Refusal): void {
    turn.halt = `${code}: ${detail ?? ''}`;
  }

  function decided(effect: EffectOf<'decided'>): void {
    process.own.clear();
    const { height, header, state_root, final } = effect;
    const tip = { height, id: final.certificate.value ?? '', time_ms: header.time_ms, state_root, final };
    turn.rows.push({ type: 'decided', tip, app: process.app.save() });
  }

  function ask({ peer, first_height, last_height }: EffectOf<'sync.request'>): void {
    turn.said.push({ to: peer, message: { type: 'range.request', first_height, last_height } });
  }
}
