// What was refused, by account and code, a validator's bad dealing too, and who was proven to have contradicted himself.
import type { ConsoleView } from '#schemas/node/console.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_KEPT_REFUSALS } from '#schemas/wire/limits.ts';
import { BoundedMap } from './bounded-map.ts';

type RefusalView = ConsoleView['refusals'][number];
type EvidenceView = ConsoleView['evidence'][number];

/** Not wrong, only late: all validators compute what a quorum of them decides. */
const LATE = 'DISPUTE_OVER';
/** Rows of each in the view. */
const SHOWN = 50;

export class Incidents {
  readonly #refusals = new BoundedMap<RefusalView>(MAX_KEPT_REFUSALS);
  #evidence: EvidenceView[] = [];

  /** The ledger, or this gateway, refused something of `peer`; nothing is held against him who came late. */
  noteRefusal(code: string, peer: string, now_ms: number): void {
    if (code === LATE) return;
    const key = `${peer} ${code}`;
    const count = (this.#refusals.get(key)?.count ?? 0) + 1;
    this.#refusals.set(key, { code, peer, count, last_ms: now_ms });
  }

  hear(events: readonly LedgerEvent[], height: number, time_ms: number): void {
    for (const event of events) {
      if (event.type === 'item.refused') this.noteRefusal(event.code, event.account, time_ms);
      if (event.type === 'keygen.fault') this.noteRefusal(event.code, event.validator, time_ms);
      if (event.type !== 'evidence.accepted') continue;
      const { validator, kind, evidence } = event;
      this.#evidence = [{ validator, kind, evidence, height }, ...this.#evidence.slice(0, SHOWN - 1)];
    }
  }

  /** Last refused first. */
  refusals(): RefusalView[] {
    return this.#refusals.values().slice(0, SHOWN);
  }

  evidence(): readonly EvidenceView[] {
    return this.#evidence;
  }
}
