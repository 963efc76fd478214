// What a live network is made of, what happens to it, and what must hold then: the form of `test/e2e/networks/*.json`.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Validators by number, from 1. */
const Who = z.array(z.int().min(1).max(100)).min(1);
const Heights = z.int().min(1).max(1_000);
const WithinSeconds = z.int().min(1).max(600).default(60);
/** Nobody, unless the manifest says otherwise. */
const Some = z.array(z.int().min(1).max(100)).default([]);
/** Servers of the broker by number, from 1. */
const Server = z.int().min(1).max(3);

/** One after the other; each is over before the next begins. */
export const Step = z.discriminatedUnion('do', [
  /** Everybody who is up and reachable decides so many heights more. */
  z.strictObject({ do: z.literal('await'), heights: Heights, within_s: WithinSeconds }),
  /** Nobody decides anything for so long: there is no quorum. */
  z.strictObject({ do: z.literal('stand'), for_ms: z.int().min(1_000).max(10_000) }),
  /** SIGKILL, and the end of the process. */
  z.strictObject({ do: z.literal('kill'), who: Who }),
  /** Start again on what is on disk; of a key in two processes, one. */
  z.strictObject({ do: z.literal('restart'), who: Who }),
  /** Of killed ones: forget everything on disk but the keys. */
  z.strictObject({ do: z.literal('wipe'), who: Who }),
  /** SIGSTOP, SIGCONT. */
  z.strictObject({ do: z.literal('pause'), who: Who }),
  z.strictObject({ do: z.literal('resume'), who: Who }),
  /** The path to the broker breaks, and stays so. */
  z.strictObject({ do: z.literal('disconnect'), who: Who }),
  /** What they say is late; of what they say and hear some is lost. They stay a part of the network. */
  z.strictObject({
    do: z.literal('disturb'),
    who: Who,
    latency_ms: z.tuple([z.int().min(0), z.int().max(2_000)]).default([0, 0]),
    lost_of_1024: z.int().min(0).max(512).default(0),
  }),
  z.strictObject({ do: z.literal('heal'), who: Who }),
  /** Of killed ones: somebody else speaks under their keys, and breaks the rules. */
  z.strictObject({ do: z.literal('corrupt'), who: Who }),
  /** The same key in two processes, from the same disk. */
  z.strictObject({ do: z.literal('deploy twice'), who: Who }),
  z.strictObject({ do: z.literal('kill broker'), server: Server }),
  z.strictObject({ do: z.literal('restart broker'), server: Server }),
]);
export type Step = z.output<typeof Step>;

export const Manifest = z.strictObject({
  /** What it shows, in a sentence: the name of the test. */
  about: z.string().min(10).max(200),
  /** Each is a process of `sortition node` with keys, database and connection of its own. */
  validators: z.int().min(1).max(100),
  /** Processes that only follow and answer clients. */
  gateways: z.int().min(1).max(3).default(1),
  /** Servers that are one broker. */
  brokers: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Of the genesis. Timeouts must leave room for what the machine and the disturbed paths take. */
  params: z
    .strictObject({
      min_block_interval_ms: z.int().default(50),
      max_block_interval_ms: z.int().default(500),
      timeout_propose_ms: z.int().default(400),
      timeout_vote_ms: z.int().default(200),
    })
    .prefault({}),
  steps: z.array(Step).min(1),
  /** Once the last step is over everybody correct, restarted where it was killed, goes on together. */
  end: z.strictObject({
    /** At least this high when it is over. */
    height: Heights,
    /** So many heights more, by all of them, no later than this. */
    heights: Heights,
    within_s: WithinSeconds,
    /** Who is named by evidence on the ledger: exactly these; they are not among the correct. */
    guilty: Some,
    /** Left dead: not among those who must go on. */
    dead: Some,
  }),
});
export type Manifest = z.output<typeof Manifest>;

/** @throws ZodError */
export const readManifest = async (path: string): Promise<Manifest> =>
  Manifest.parse(JSON.parse(await readFile(path, 'utf8')));
