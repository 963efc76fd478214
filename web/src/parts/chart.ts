// uPlot, dressed as the page is: bars by height, in the accent colour, as wide as its place.
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export type Points = readonly [heights: number[], values: (number | null)[]];
export type Chart = { draw(points: Points): void; remove(): void };

const HEIGHT_PX = 140;

export function createChart(place: HTMLElement): Chart {
  const style = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
  const axis = {
    stroke: () => style('--muted'),
    grid: { stroke: () => style('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const bars = UPlot.paths.bars?.({ size: [0.66, 20] });
  const plot = new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: (_plot, min, max) => [min - 0.7, max + 0.7] },
        y: { range: (_plot, _min, max) => [0, Math.max(10, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          values: (_plot, splits) => splits.map((height) => (Number.isInteger(height) ? `${height}` : '')),
          grid: { show: false },
        },
        { ...axis, size: 52, values: (_plot, splits) => splits.map((ms) => `${ms} ms`), space: 28 },
      ],
      series: [{}, { fill: () => style('--accent'), width: 0, points: { show: false }, ...(bars && { paths: bars }) }],
    },
    [[], []],
    place,
  );
  const fit = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
  fit.observe(place);
  return {
    draw: ([heights, values]) => plot.setData([heights, values]),
    remove() {
      fit.disconnect();
      plot.destroy();
    },
  };
}
