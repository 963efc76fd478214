// A stranger with a genesis file checks a network of processes through its gateway, and through one that changes a byte.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Command } from '../support/command.ts';
import { PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { until } from '../support/until.ts';

/** Passes a gateway's answers on, with one byte of each certificate changed: the last of its last signature. */
async function startLiar(gateway_url: string): Promise<Server> {
  const lie = async (path: string, response: ServerResponse): Promise<void> => {
    const answer = await fetch(gateway_url + path);
    const bent = (await answer.text()).replace(
      /("certificate":"[0-9a-f]*)([0-9a-f])"/,
      (_, head: string, digit: string) => `${head}${digit === '0' ? '1' : '0'}"`,
    );
    response.writeHead(answer.status).end(bent);
  };
  const server = createServer((request, response) => void lie(request.url ?? '/', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Runs a command to its end. */
async function run(...args: readonly string[]) {
  const command = new Command(...args);
  const exit = await command.ended;
  return { exit, out: command.out, err: command.err };
}
const told = <T>({ out }: { readonly out: string }): T => JSON.parse(out) as T;

test(
  'balance and beacon are proven from the genesis file alone, a checkpoint is gone on from, and a lie is refused',
  { timeout: 2 * PATIENT_MS },
  () =>
    withNetwork({ shape: { is_compact: true } }, async ({ dir, running, signer, client }) => {
      const trust = ['--genesis', join(dir, 'genesis.json'), '--json'];
      const asked = (url: string): string[] => [...trust, '--gateway', url];
      const seen = join(dir, 'seen.json');
      const balance = ['--balance', `credit/${signer.id}`, `stake/${'ab'.repeat(32)}`];
      const first = await run('light', ...asked(running.gateway_url), '--save', seen, ...balance);
      expect(first).toMatchObject({ exit: 0, err: '' });
      const light = told<{ height: number; balances: { amount_units: string }[] }>(first);
      const { credit_units } = await client.account(signer.id);
      expect(light.balances).toMatchObject([{ amount_units: credit_units }, { amount_units: '0' }]);

      const next = await run('light', ...asked(running.gateway_url), '--from', seen);
      expect(told<{ height: number }>(next).height).toBeGreaterThanOrEqual(light.height);

      // The header after a height carries its beacon.
      await until(async () => (await client.view()).height >= 2, PATIENT_MS, 'block 2 is final');
      const beacon = await run('beacon', 'verify', '1', ...asked(running.gateway_url));
      expect(beacon).toMatchObject({ exit: 0, err: '' });
      expect(told<{ value: string }>(beacon).value).toMatch(/^[0-9a-f]{64}$/);

      const plain = trust.filter((word) => word !== '--json').concat('--gateway', running.gateway_url);
      const shown = await run('light', ...plain, ...balance);
      expect(shown.out).toMatch(/^height \d+ .*\n  verified from the genesis: .*\n\d+ credit .*\n.*\n0 stake /);
      expect((await run('beacon', 'verify', '1', ...plain)).out).toMatch(/^height 1 .*\n.*\n  verified: /);

      const liar = await startLiar(running.gateway_url);
      const liar_url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
      for (const command of [['light'], ['light', ...balance], ['beacon', 'verify', '1']]) {
        const refused = await run(...command, ...asked(liar_url));
        expect(refused).toMatchObject({ exit: 1, out: '', err: expect.stringMatching(/^SIGNATURE_INVALID: .*\n$/) });
      }
      liar.close();
    }),
);
