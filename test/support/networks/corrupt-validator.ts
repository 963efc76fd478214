// Speaks under a validator's key as no validator would: two votes a round, votes of rounds far ahead, bytes that mean nothing.
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import type { Chain } from '#runtime/network/genesis-file.ts';
import { decodeFinalBlock, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';

const UNKNOWN_BLOCK = 'f'.repeat(64);
const FAR_ROUNDS = [1, 7, 1_000, 4_000_000_000] as const;

/** At each height that begins, until the answer is called. */
export async function speakCorruptly(
  url: string,
  { id, validators }: Chain,
  key: Signer,
): Promise<() => Promise<void>> {
  const validator = validators.findIndex((one) => one.id === key.id);
  const bus = await connectBus({ url, signer: key, onRefused: () => undefined });
  const vote = (height: number, round: number, type: Vote['type'], value: string | null): void => {
    const said: Vote = { type, epoch: 0, height, round, value, valid_round: -1, validator };
    const signature = key.sign(voteSignBytes(id, said));
    say(bus, key, height, encodeConsensusMessage({ type: 'vote', vote: { ...said, signature } }));
  };
  bus.subscribe(subject.blockAll, ({ data }) => {
    const final = decodeFinalBlock(data);
    if (!final.ok) return;
    const next = final.value.certificate.height + 1;
    for (const value of [null, UNKNOWN_BLOCK]) vote(next, 0, 'prevote', value);
    for (const value of [UNKNOWN_BLOCK, null]) vote(next, 0, 'precommit', value);
    for (const round of FAR_ROUNDS) vote(next, round, 'prevote', UNKNOWN_BLOCK);
    say(bus, key, next, data.subarray(0, data.length >> 1));
    say(
      bus,
      key,
      next,
      encodeConsensusMessage({ type: 'certificate', certificate: { ...final.value.certificate, height: next } }),
    );
  });
  return () => bus.close();
}

const say = (bus: Bus, key: Signer, height: number, data: Uint8Array): void =>
  bus.cast(subject.consensus(height, 0, 'vote', key.id), data);
