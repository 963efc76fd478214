// Child of kill.test.ts: seals and publishes one settlement on a real disk, and kills itself at the step that it is told.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { Store } from '#runtime/store/store.ts';
import { collectedBy, handoversTo, ledgerOf, NETWORK, PAYMENTS, rowsOf, validatorsOf } from './network.ts';

const [dir = '', stepText = ''] = process.argv.slice(2);
const seq = 1;
let steps = 0;

/** SIGKILL in the middle of each call that changes the disk, and after it, when it is that step's turn. */
function mortal<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    const underWay = call(...args);
    dieAt(++steps);
    const result = await underWay;
    dieAt(++steps);
    return result;
  };
}

function dieAt(step: number): void {
  if (step !== Number(stepText)) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal ends this thread at once; nothing after it may run.
  for (;;);
}

const open = fs.open;
fs.mkdir = mortal(fs.mkdir) as typeof fs.mkdir;
fs.rename = mortal(fs.rename);
fs.rm = mortal(fs.rm);
fs.open = async (...args) => {
  const file = await open(...args);
  file.writeFile = mortal(file.writeFile.bind(file)) as typeof file.writeFile;
  file.sync = mortal(file.sync.bind(file));
  return file;
};
syncBuiltinESMExports();

const disk = await openRocksStore(`${dir}/db`);
const store: Store = { ...disk, batch: mortal((ops) => disk.batch(ops)) };
const ports = createArchivePorts({
  store,
  dir: `${dir}/bundles`,
  network: NETWORK,
  validatorsOf,
  handoversTo,
  settlement: ledgerOf(rowsOf(PAYMENTS)),
});
const { ask } = await ports['archive.seal']({ seq });
await ports['archive.publish']({ seq, cosignatures: collectedBy(ask, [0, 1, 2], 1_000) });
await disk.close();
