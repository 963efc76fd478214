// The network in eight numbers.
import type { ComponentChildren } from 'preact';
import { count, perSecond, shortId } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { Scaled, Section } from './section.tsx';
import { isUp } from './validators.tsx';

export function GlanceSection() {
  const now = view.value;
  if (now === undefined) return null;
  const up = now.validators.filter((validator) => isUp(validator, network_ms.value)).length;
  const { p50, p99 } = now.finality_ms;
  return (
    <Section
      id="glance"
      title="Overview"
      aside={
        <>
          state root <code title={now.state_root}>{shortId(now.state_root)}</code>
        </>
      }
    >
      <dl class="figures">
        <Figure name="Height" value={count(now.height)} />
        <Figure name="Blocks per second" value={perSecond(now.blocks_per_minute)} note="over the last minute" />
        <Figure
          name="Finality"
          value={
            <>
              {count(p50)}
              <small> ms</small>
            </>
          }
          note={`median; 99 of 100 within ${count(p99)} ms`}
        />
        <Figure
          name="Validators heard"
          value={
            <>
              {up}
              <small> of {now.validators.length}</small>
            </>
          }
          isBad={up < now.validators.length}
        />
        <Figure
          name="Workers available"
          value={
            <>
              {count(now.available_count)}
              <small> of {count(now.workers_count)}</small>
            </>
          }
        />
        <Figure name="Sum of settlements" value={sumOf(now.settlements)} note="every payment has two sides" />
        <Figure name="Credit supply" value={<Scaled n={now.supply.credit} />} note="conserved at each block" />
        <Figure name="Stake supply" value={<Scaled n={now.supply.stake} />} note="conserved at each block" />
      </dl>
    </Section>
  );
}

function Figure({
  name,
  value,
  note,
  isBad = false,
}: {
  name: string;
  value: ComponentChildren;
  note?: string;
  isBad?: boolean;
}) {
  return (
    <div class={isBad ? 'figure bad' : 'figure'}>
      <dt>{name}</dt>
      <dd class="value">{value}</dd>
      {note !== undefined && <dd class="note">{note}</dd>}
    </div>
  );
}

/** Added up here, from the sums of all settlements shown: 0, unless something is very wrong. */
function sumOf(settlements: readonly { readonly sums: Readonly<Record<string, string>> }[]): string {
  const total = settlements.flatMap(({ sums }) => Object.values(sums)).reduce((sum, text) => sum + BigInt(text), 0n);
  return count(total.toString());
}
