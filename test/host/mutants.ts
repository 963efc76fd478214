// Hosts with one thing wrong: the adversary must find each within its budget, or its silence says nothing.
import type { SourceEdit } from '#runtime/sim/mutations.ts';
import type { ScheduleKind } from './adversary.ts';

export type Mutant = {
  /** What is wrong. */
  readonly about: string;
  /** Schedules within which the adversary must have found it. */
  readonly budget: number;
  readonly kind: ScheduleKind;
  readonly edits: readonly SourceEdit[];
};

const HOST = 'runtime/host';

export const MUTANTS = {
  ack_before_write: {
    about: 'acknowledges before the turn is on disk',
    budget: 400,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/runner.ts`,
        find: '    await this.#write(turn);\n    for (const act',
        replace: '    this.#voice.acknowledge(turn.now_ms);\n    await this.#write(turn);\n    for (const act',
      },
    ],
  },
  no_life_check: {
    about: 'takes every acknowledgement that knows less for lost state',
    budget: 10,
    kind: 'kept',
    edits: [
      { file: `${HOST}/outbox.ts`, find: 'ack.life_ms < channel.life_ms || ', replace: '' },
      {
        file: `${HOST}/outbox.ts`,
        find: 'const isNewLife = ack.life_ms > channel.life_ms;',
        replace: 'const isNewLife = true;',
      },
    ],
  },
  life_forgotten: {
    about: 'keeps the life of a receiver in memory only',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: 'if (isNewLife) changes.put(row.peerLife(sender, receiver), ack.life_ms);',
        replace: '',
      },
    ],
  },
  first_renumbered: {
    about: 'numbers anew what the receiver can take under its old number',
    budget: 60,
    kind: 'kept',
    edits: [{ file: `${HOST}/outbox.ts`, find: ' && !isFirst(channel.acked + 1)', replace: '' }],
  },
  mark_forgotten: {
    about: 'does not write how far it has heard a sender',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/watermarks.ts`,
        find: '    for (const mark of this.#changed) changes.put(row.mark(mark.receiver, mark.sender), mark.counter);\n',
        replace: '',
      },
    ],
  },
  deleted_unacknowledged: {
    about: 'deletes a message when it is published',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: '        channel.sent = lastOf(bundles, channel.sent);\n',
        replace: '        this.#forget(channel, lastOf(bundles, channel.sent));\n',
      },
    ],
  },
  no_repeat: {
    about: 'repeats nothing but what the connection asks for',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: '      this.#repeat(channel, now_ms);\n      this.slowDown',
        replace: '      this.slowDown',
      },
    ],
  },
  worn_under_way: {
    about: 'begins an epoch while messages of the old one are under way',
    budget: 100,
    kind: 'kept',
    edits: [{ file: `${HOST}/outbox.ts`, find: ' && isIdle(channel)', replace: '' }],
  },
  no_refill: {
    about: 'does not read on from disk where memory ends',
    budget: 100,
    kind: 'kept',
    edits: [{ file: `${HOST}/outbox.ts`, find: '      await this.#refill(channel);\n', replace: '' }],
  },
  timer_kept: {
    about: 'keeps the row of a timer that fired',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/timers.ts`,
        find: ' === true) changes.del(row.timer(actor, id));',
        replace: ' === true) return;',
      },
    ],
  },
  call_kept: {
    about: 'keeps the row of a call that was answered',
    budget: 10,
    kind: 'kept',
    edits: [{ file: `${HOST}/io.ts`, find: '    changes.del(key);\n', replace: '' }],
  },
  nonce_forgotten: {
    about: 'does not write the next nonce',
    budget: 40,
    kind: 'kept',
    edits: [
      { file: `${HOST}/submits.ts`, find: '    changes.put(row.nonce(account.id), account.next);\n', replace: '' },
    ],
  },
  height_forgotten: {
    about: 'does not write how far it has heard the ledger',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/ledger-feed.ts`,
        find: '    if (this.#height !== this.#written_height) changes.put(row.height, this.#height);\n',
        replace: '',
      },
    ],
  },
  busy_forgotten: {
    about: 'takes a transaction for consumed when it is published',
    budget: 10,
    kind: 'kept',
    edits: [
      {
        file: `${HOST}/submits.ts`,
        find: '    const consumed = this.#ledger.nextNonce(account.id);',
        replace: '    const consumed = account.sent;',
      },
    ],
  },
  deaf_to_new_life: {
    about: 'does not notice a receiver that lost its state',
    budget: 10,
    kind: 'forgetful',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: 'if (weLostState || theyLostState)',
        replace: 'if (weLostState)',
      },
    ],
  },
  deaf_to_own_loss: {
    about: 'does not notice that it lost its own state',
    budget: 60,
    kind: 'forgetful',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: 'if (weLostState || theyLostState)',
        replace: 'if (theyLostState)',
      },
    ],
  },
  backup_sent_again: {
    about: 'numbers anew what an older life of its own had sent',
    budget: 10,
    kind: 'forgetful',
    edits: [
      {
        file: `${HOST}/outbox.ts`,
        find: '.filter((b) => b.first >= channel.born || last(b) > watermark)',
        replace: '',
      },
    ],
  },
} as const satisfies Record<string, Mutant>;
export type MutantName = keyof typeof MUTANTS;
