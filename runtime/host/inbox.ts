// What waits for a turn: bounded in bytes, first come first served.
import type { HostEvent } from '#actors/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { MAX_INGRESS_BYTES } from '#schemas/wire/limits.ts';
import type { IoCall, IoOutcome } from './io.ts';

/** Who waits for an input to be on disk. */
export type Waiter = { readonly resolve: () => void; readonly reject: (error: Error) => void };

export type Input =
  /** An envelope from the mailbox, or an acknowledgement alone; `sender` is what the subject says. */
  | { readonly type: 'mail'; readonly receiver: string; readonly sender: string; readonly data: Uint8Array }
  | { readonly type: 'io'; readonly call: IoCall; readonly outcome: IoOutcome }
  /** The connection of these actors is (again) there. */
  | { readonly type: 'connected'; readonly actors: ReadonlySet<string> }
  | {
      readonly type: 'block';
      readonly height: number;
      readonly time_ms: number;
      readonly events: readonly LedgerEvent[];
      readonly waiter: Waiter;
    }
  /** Orders of an operator. */
  | {
      readonly type: 'inject';
      readonly actor: string;
      readonly seq: number;
      readonly event: HostEvent;
      readonly trace: string;
      readonly waiter: Waiter;
    }
  | { readonly type: 'drop'; readonly actor: string; readonly seq: number; readonly waiter: Waiter }
  | { readonly type: 'resume'; readonly actor: string; readonly waiter: Waiter };

export class Inbox {
  #inputs: Input[] = [];
  /** Inputs before this place are taken. */
  #at = 0;
  #mail_bytes = 0;

  /** Mail in waiting, bytes. */
  get isFull(): boolean {
    return this.#mail_bytes > MAX_INGRESS_BYTES;
  }

  get count(): number {
    return this.#inputs.length - this.#at;
  }

  push(input: Input): void {
    if (input.type === 'mail') this.#mail_bytes += input.data.length;
    this.#inputs.push(input);
  }

  shift(): Input | undefined {
    const input = this.#inputs[this.#at];
    if (input === undefined) return undefined;
    this.#at++;
    if (input.type === 'mail') this.#mail_bytes -= input.data.length;
    if (this.#at === this.#inputs.length) {
      this.#inputs = [];
      this.#at = 0;
    }
    return input;
  }

  countFor(receiver: string): number {
    return this.#inputs.slice(this.#at).filter((input) => input.type === 'mail' && input.receiver === receiver).length;
  }
}
