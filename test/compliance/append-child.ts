// Child of store.test.ts: appends a row to a real database, and kills itself before anything else is written.
import { openRocksStore } from '#runtime/store/rocks-store.ts';

const [dir = ''] = process.argv.slice(2);
const store = await openRocksStore(dir);
await store.append([{ type: 'put', key: 'a', value: Uint8Array.of(1) }]);
process.kill(process.pid, 'SIGKILL');
