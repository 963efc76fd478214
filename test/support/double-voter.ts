// A validator that says two things at once, under a real key: what evidence is there to name.
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { decodeFinalBlock, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { LiveNetwork } from './live-network.ts';

/** Prevote nil and prevote a block that nobody knows, at each height that begins, until the answer is called. */
export async function voteTwice(network: LiveNetwork, name: string): Promise<() => Promise<void>> {
  const { chain } = network.running.network;
  const key = await readKeyFile(keyPath(network.dir, name));
  const validator = chain.validators.findIndex(({ id }) => id === key.id);
  const bus = await connectBus({ url: network.running.broker.url, signer: key, onRefused: () => undefined });
  const say = (height: number, value: string | null): void => {
    const vote: Vote = { type: 'prevote', epoch: 0, height, round: 0, value, valid_round: -1, validator };
    const signature = key.sign(voteSignBytes(chain.id, vote));
    bus.cast(
      subject.consensus(height, 0, 'vote', key.id),
      encodeConsensusMessage({ type: 'vote', vote: { ...vote, signature } }),
    );
  };
  bus.subscribe(subject.blockAll, ({ data }) => {
    const final = decodeFinalBlock(data);
    if (!final.ok) return;
    const next = final.value.certificate.height + 1;
    say(next, null);
    say(next, 'f'.repeat(64));
  });
  return () => bus.close();
}
