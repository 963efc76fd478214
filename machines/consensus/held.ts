// How much a core holds of the heights that are not decided: what the table of bounds in docs/protocol/consensus.md limits.
import type { Bodies } from './bodies.ts';
import type { CoreState } from './core-state.ts';
import type { EarlyMessages } from './early-messages.ts';

/** Numbers of things, and bytes of bodies. */
export type Held = {
  readonly rounds: number;
  readonly votes: number;
  readonly certificates: number;
  readonly proposals: number;
  readonly bodies: number;
  readonly bodies_bytes: number;
  /** Bodies of which parts are wanted. */
  readonly open_bodies: number;
  readonly parts_bytes: number;
  readonly waiting_proposals: number;
  readonly early_messages: number;
  readonly offences: number;
  readonly timers: number;
};

/** Count it: not cheap, for tests and whoever watches. */
export function heldBy({ at, timers }: CoreState, bodies: Bodies, early: EarlyMessages): Held {
  const [open, kept] = [bodies.size, at.proposals.size];
  return {
    ...at.votes.size,
    proposals: kept.proposals,
    bodies: kept.bodies,
    bodies_bytes: at.proposals.bodies_bytes,
    open_bodies: open.count,
    parts_bytes: open.bytes,
    waiting_proposals: open.waiting,
    early_messages: early.size,
    offences: at.offences,
    timers: timers.size,
  };
}
