// The story of each unit as far as this gateway witnessed it: drawn, committed, revealed, audited, settled, with height and block.
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_KEPT_EVENTS } from '#schemas/wire/limits.ts';
import type { SeenBlock } from './ports.ts';

/** One event of a unit. `who` is the worker, the auditors or nobody; `detail` a reason, a purpose or nothing. */
export type StoryStep = {
  readonly type: string;
  readonly attempt: number;
  readonly height: number;
  readonly block: string;
  readonly time_ms: number;
  readonly who: readonly string[];
  readonly detail: string;
};
type UnitEvent = Extract<LedgerEvent, { readonly unit: string }>;
type Block = Pick<StoryStep, 'height' | 'block' | 'time_ms'>;
/** A block's events as they came: hundreds come with each, and hardly any is ever asked for. */
type Witnessed = { readonly at: Block; readonly events: readonly LedgerEvent[] };

export class UnitStories {
  #blocks: Witnessed[] = [];
  #events_count = 0;

  hear({ header, final, result: { events } }: SeenBlock): void {
    if (events.length === 0) return;
    const at: Block = { height: header.height, block: final.certificate.value ?? '', time_ms: header.time_ms };
    this.#blocks.push({ at, events });
    this.#events_count += events.length;
    while (this.#events_count > MAX_KEPT_EVENTS) this.#events_count -= this.#blocks.shift()?.events.length ?? 0;
  }

  /** Oldest step first; none where nothing was witnessed or it was forgotten. */
  of(unit: string): readonly StoryStep[] {
    return this.#blocks.flatMap(({ at, events }) => events.filter(isOf(unit)).map((event) => stepOf(event, at)));
  }
}

const isOf =
  (unit: string) =>
  (event: LedgerEvent): event is UnitEvent =>
    'unit' in event && event.unit === unit;

const stepOf = (event: UnitEvent, at: Block): StoryStep => ({
  type: event.type,
  attempt: 'attempt' in event ? event.attempt : 0,
  ...at,
  ...sayOf(event),
});

function sayOf(event: UnitEvent): Pick<StoryStep, 'who' | 'detail'> {
  switch (event.type) {
    case 'unit.drawable':
      return { who: [], detail: `${event.purpose} at height ${event.draw_height}` };
    case 'unit.requeued':
      return { who: [event.worker], detail: event.reason };
    case 'audit.assigned':
      return { who: event.auditors, detail: `sub-units ${event.indices.join(', ')}` };
    case 'audit.disputed':
      return { who: [], detail: `sub-unit ${event.index}` };
    case 'unit.settled':
      return { who: [event.worker, ...event.auditors], detail: '' };
    case 'unit.parked':
      return { who: [], detail: '' };
    default:
      return { who: [event.worker], detail: '' };
  }
}
