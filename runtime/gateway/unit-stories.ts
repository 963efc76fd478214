// The story of each unit as far as this gateway witnessed it: drawn, committed, revealed, audited, settled, with height and block.
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_KEPT_UNIT_STORIES, MAX_UNIT_STORY_STEPS } from '#schemas/wire/limits.ts';
import { BoundedMap } from './bounded-map.ts';
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
/** An event as it came: hundreds come with a block, and hardly any is ever asked for. */
type Witnessed = { readonly event: UnitEvent; readonly at: Block };

export class UnitStories {
  readonly #stories = new BoundedMap<Witnessed[]>(MAX_KEPT_UNIT_STORIES);

  hear({ header, final, result }: SeenBlock): void {
    const at: Block = { height: header.height, block: final.certificate.value ?? '', time_ms: header.time_ms };
    for (const event of result.events) {
      if (!('unit' in event)) continue;
      const story = this.#stories.get(event.unit) ?? [];
      story.push({ event, at });
      if (story.length > MAX_UNIT_STORY_STEPS) story.shift();
      this.#stories.set(event.unit, story);
    }
  }

  /** Oldest step first; undefined when nothing was witnessed or it was forgotten. */
  of(unit: string): readonly StoryStep[] | undefined {
    return this.#stories.get(unit)?.map(stepOf);
  }
}

const stepOf = ({ event, at }: Witnessed): StoryStep => ({
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
