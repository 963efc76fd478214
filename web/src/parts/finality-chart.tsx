// Time to finality of the last blocks, drawn by uPlot, which is loaded when the chart comes into sight. The table says the same in words.
import { useEffect, useRef } from 'preact/hooks';
import type { ConsoleView } from '#schemas/node/console.ts';
import type { Chart } from './chart.ts';

type Blocks = ConsoleView['blocks'];

export function FinalityChart({ blocks }: { blocks: Blocks }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart>(null);
  const latest = useRef(blocks);
  latest.current = blocks;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const end = onceSeen(element, () => {
      void import('./chart.ts').then(({ createChart }) => {
        chart.current = createChart(element);
        chart.current.draw(pointsOf(latest.current));
      });
    });
    return () => {
      end();
      chart.current?.remove();
    };
  }, []);
  useEffect(() => chart.current?.draw(pointsOf(blocks)), [blocks]);
  return (
    <div
      class="chart"
      ref={place}
      role="img"
      aria-label={`Time to finality of the last ${blocks.length} blocks, milliseconds`}
    />
  );
}

/** Oldest first, as charts want it; blocks that were not witnessed have no time. */
function pointsOf(blocks: Blocks): readonly [heights: number[], finality_ms: (number | null)[]] {
  const rising = blocks.toReversed();
  return [rising.map(({ height }) => height), rising.map(({ finality_ms }) => finality_ms || null)];
}

function onceSeen(element: Element, then: () => void): () => void {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    then();
  });
  observer.observe(element);
  return () => observer.disconnect();
}
