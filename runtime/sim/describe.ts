// The story of one schedule for people: what was planned to go wrong, what happened, what broke, how to see it again.
import { repeatCommand } from './campaign.ts';
import { drawPlan } from './draw-plan.ts';
import { MUTATIONS, type MutationName } from './mutations.ts';
import { RULES } from './oracles/violation.ts';
import type { Plan } from './plan.ts';
import type { SimReport } from './report.ts';

/** Text of several lines; with `tells` asked for at the run, everything that was said is in it. */
export function describeRun(report: SimReport, mutation?: MutationName): string {
  const { seed, plan, events, heights, virtual_ms, violations, stall, trace_hash, story } = report;
  const broken = violations.map(({ rule, node, detail, at_ms }) => {
    return `${at_ms} ms: ${rule}${node < 0 ? '' : `, validator ${node}`}: ${detail}\n    ${RULES[rule]}`;
  });
  return [
    `seed ${seed}: ${heights} heights, ${events} events, ${virtual_ms} ms of virtual time, trace ${trace_hash}`,
    ...planLines(plan).map((line) => `  ${line}`),
    ...(story.length > 0 ? ['', ...story] : []),
    '',
    ...(broken.length > 0 ? ['broken:', ...broken.map((line) => `  ${line}`)] : ['no rule was broken']),
    stall === null ? 'went on after the heal' : `stalled: ${stall}`,
    `again: ${repeatCommand(seed, mutation, isDrawn(plan, mutation) ? undefined : plan.kind)}`,
  ].join('\n');
}

/** Whether the seed, or the planted bug, leads to this kind of schedule by itself. */
const isDrawn = (plan: Plan, mutation?: MutationName): boolean =>
  plan.kind === (mutation === undefined ? drawPlan(plan.seed).kind : MUTATIONS[mutation].kind);

/** What may go wrong, without what does not. */
function planLines(plan: Plan): string[] {
  const { powers, requests, byzantine, core, script, delay, partitions, filters, crashes, pauses } = plan;
  const set = (mask: number): string => powers.flatMap((_, i) => ((mask >> i) & 1 ? [i] : [])).join(' ');
  const faulty = Object.entries(byzantine)
    .map(([node, fault]) => `${node} (${fault.style === 'twins' ? 'twins' : ['forger', ...fault.habits].join(' ')})`)
    .join(', ');
  return [
    `${plan.kind}, power ${powers.join(' ')}, core ${core.join(' ')}${faulty && `, Byzantine ${faulty}`}`,
    ...(plan.founders === null ? [] : [`begun by the first ${plan.founders}`]),
    ...requests.map(
      (r) => `at height ${r.at_height} node ${r.node} asks to ${r.asks}${r.stops ? ', to stop then' : ''}`,
    ),
    `delay ${delay.least_ms}…${delay.least_ms + delay.spread_ms} ms, ${delay.slowOf1024}/1024 up to ${delay.slow_ms} ms more`,
    `lost ${plan.lossOf1024}/1024, twice ${plan.duplicateOf1024}/1024, heal at ${plan.heal_ms} ms or height ${plan.heal_height}`,
    ...script.map(
      ({ groups, kept }, round) =>
        `round ${round} of height 1: groups ${groups.join(' ')}, the Byzantine one keeps back ${kept}`,
    ),
    ...partitions.map(
      (p) => `cut ${p.start_ms}…${p.end_ms} ms: ${set(p.from)} ${p.isSymmetric ? '|' : '→'} ${set(p.to)}`,
    ),
    ...filters.map(
      (f) =>
        `${f.message}s of ${f.roundParity === 0 ? 'even' : 'odd'} rounds to ${set(f.to)} lost ${f.dropOf1024}/1024`,
    ),
    ...crashes.map((c) => `node ${c.node} crashes ${c.moment} in its turn ${c.turn}, down ${c.down_ms} ms`),
    ...pauses.map((p) => `node ${p.node} sleeps ${p.start_ms}…${p.end_ms} ms`),
    ...(plan.blackout_ms > 0 ? [`all power fails at ${plan.blackout_ms} ms`] : []),
  ];
}
