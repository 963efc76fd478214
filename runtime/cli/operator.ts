// Asks a running actor in its operator's name: a signed request over the broker, an answer of the actor's host.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATOR_KIND, type OperatorAnswer, type OperatorRequest } from '#schemas/node/operator.ts';
import { CODES, type Code } from '#schemas/wire/codes.ts';
import { encodeEnvelope, envelopeBytes, envelopeSignBytes } from '#schemas/wire/envelope-codec.ts';
import { decode, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { connectBus } from '../bus/jetstream-bus.ts';
import type { Signer } from '../keys/ed25519.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { keyPath } from '../network/local-genesis.ts';
import { readRunning } from '../network/running.ts';
import { CliError, EXIT } from './cli-error.ts';
import { genesisOf } from './reach.ts';

const ANSWER_MS = 5_000;
/** How long the signature is good for, ms. */
const EXPIRY_MS = 30_000;

/** @throws CliError with the actor's refusal; NetworkError; BusError */
export async function askActor(data: string, actor: string, request: OperatorRequest): Promise<unknown> {
  const { id: chain, genesis } = await genesisOf({ data });
  const running = await readRunning(data); // one after the other: which of two failures is told must not depend on the disk
  const known = [...genesis.nodes, ...genesis.validators].find(({ id }) => id === actor);
  if (known === undefined) throw new CliError('RECEIVER_UNKNOWN', `${actor} is not in the genesis.`, EXIT.usage);
  const operator = await operatorKey(data, known.operator);
  const bus = await connectBus({
    url: running.broker_url,
    signer: await readKeyFile(keyPath(data, 'client')),
    onRefused: () => undefined,
  });
  try {
    const answer = decode(
      await bus.request(subject.operator(actor), signedRequest(chain, operator, actor, request), ANSWER_MS),
    );
    const told = answer.ok ? (answer.value as unknown as OperatorAnswer) : ({ ok: false, code: answer.code } as const);
    if (!told.ok)
      throw new CliError(
        told.code in CODES ? (told.code as Code) : 'NOT_AUTHORISED',
        `${actor} refused.`,
        EXIT.refused,
      );
    return told.result;
  } finally {
    await bus.close();
  }
}

function signedRequest(network: string, operator: Signer, to: string, request: OperatorRequest): Uint8Array {
  const trace = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  const bytes = envelopeBytes({
    v: 1,
    network,
    sender: operator.id,
    expiry_ms: Date.now() + EXPIRY_MS,
    trace,
    items: [{ kind: OPERATOR_KIND, to, counter: 0, body: encode(request) }],
  });
  return encodeEnvelope(bytes, operator.sign(envelopeSignBytes(bytes)));
}

/** The key file in the network's folder whose public key is this id. */
async function operatorKey(data: string, id: string): Promise<Signer> {
  const folder = join(data, 'keys');
  for (const file of await readdir(folder)) {
    if (!file.startsWith('operator-')) continue;
    const signer = await readKeyFile(join(folder, file));
    if (signer.id === id) return signer;
  }
  throw new CliError('NOT_AUTHORISED', `The key of operator ${id} is not in ${folder}.`, EXIT.refused);
}
