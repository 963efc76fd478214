// What disks and people do to a validator's store while it is down, and what it must do then: never sign a second thing in one place.
import type { Prng } from '#machines/primitives/prng.ts';
import type { StoreOp } from '../store/store.ts';
import type { Disk } from './disk.ts';

type Put = Extract<StoreOp, { type: 'put' }>;

/** How a validator starts over a damaged store. */
export type Start =
  /** It does not: LOG_CORRUPT, and people have to look. */
  | 'refuses'
  /** As an observer: silent until past every height at which it may have spoken. */
  | 'observes'
  /** As if nothing had happened: what is gone held none of its own words. */
  | 'goes on';

type Kind = {
  readonly about: string;
  /** How it may start then; where there was nothing to damage, it goes on. */
  readonly starts: readonly Start[];
  /** Whether there was something to damage. */
  readonly strike: (disk: Disk, prng: Prng) => boolean;
};

/** Rendered into docs/simulator.md. */
export const DAMAGES = {
  torn_record: {
    about: 'the last row of the log is cut short',
    starts: ['observes', 'goes on'],
    strike: (disk, prng) => change(disk, logRows(disk).at(-1), (bytes) => bytes.subarray(0, prng.below(bytes.length))),
  },
  truncated_log: {
    about: 'the last rows of the log are gone',
    starts: ['observes', 'goes on'],
    strike(disk, prng) {
      const rows = logRows(disk);
      for (const key of rows.slice(prng.below(rows.length || 1))) disk.rows.delete(key);
      return rows.length > 0;
    },
  },
  flipped_log: {
    about: 'a bit of a row of the log is wrong',
    starts: ['refuses', 'observes', 'goes on'],
    strike(disk, prng) {
      const rows = logRows(disk);
      return rows.length > 0 && change(disk, prng.pick(rows), (bytes) => flipped(bytes, prng));
    },
  },
  missing_row: {
    about: 'a row within the log is gone',
    starts: ['refuses'],
    strike(disk, prng) {
      const inner = logRows(disk).slice(0, -1);
      return inner.length > 0 && disk.rows.delete(prng.pick(inner));
    },
  },
  flipped_signer: {
    about: "a bit of the signer's record is wrong",
    starts: ['refuses'],
    strike: (disk, prng) => change(disk, SIGNER, (bytes) => flipped(bytes, prng)),
  },
  lost_disk: {
    about: 'the whole store is gone',
    starts: ['observes'],
    strike(disk) {
      disk.rows.clear();
      return true;
    },
  },
  old_backup: {
    about: 'the store is an older backup of itself, taken while the node was down',
    starts: ['observes'],
    strike: (disk) => disk.restore(false),
  },
  old_folder: {
    about: 'the whole folder is an older backup, the note beside the key with it',
    starts: ['observes'],
    strike: (disk) => disk.restore(true),
  },
} as const satisfies Record<string, Kind>;

export type Damage = keyof typeof DAMAGES;
export const DAMAGE_NAMES = Object.keys(DAMAGES) as [Damage, ...Damage[]];

/** How a validator may start after this damage. */
export const startsAfter = (damage: Damage): readonly Start[] => DAMAGES[damage].starts;

/** Rows of `runtime/consensus/log.ts` and `signer.ts`. */
const LOG = 'cs/log/';
const SIGNER = 'cs/signer';
const logRows = (disk: Disk): string[] => [...disk.rows.keys()].filter((key) => key.startsWith(LOG)).sort();

function change({ rows }: Disk, key: string | undefined, edit: (bytes: Uint8Array) => Uint8Array): boolean {
  const row: Put | undefined = key === undefined ? undefined : rows.get(key);
  if (row === undefined) return false;
  rows.set(row.key, { type: 'put', key: row.key, value: edit(row.value) });
  return true;
}

const flipped = (bytes: Uint8Array, prng: Prng): Uint8Array => {
  const at = prng.below(bytes.length);
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << prng.below(8)));
};
