// How much stack a module can take: calls that may recurse are counted when they run, all others are bounded here.
import { MAX_MODULE_CHAIN_SLOTS } from '#schemas/wire/limits.ts';
import { components } from './components.ts';
import type { FunctionBody } from './edits.ts';
import { require } from './refused.ts';
import type { FunctionType, ModuleShape } from './types.ts';

/** Stack that each call takes beside parameters, locals and operands, slots of 8 bytes. */
const FRAME_SLOTS = 12;
/**
 * An engine that finds an expression twice may keep its value instead of computing it again. It takes this many bytes of code, at
 * least, to make it do so once (12 for each of two places, less what they share); what it keeps takes a slot.
 */
const BYTES_PER_KEPT_VALUE = 16;

/** What a call must pay in slots of stack; 0 where it cannot lead back to its caller. */
export type CallStack = {
  ofCall(caller: number, callee: number): number;
  ofIndirectCall(caller: number, callee_type: number): number;
};

/**
 * Every way back to a function lies within one component of the call graph, so only calls within a component are counted. What
 * is left goes from component to component without a way back: the longest such chain is known from the module alone.
 *
 * @param bodies of the functions that are not imported
 * @throws Refused MODULE_STACK_TOO_DEEP when a chain of calls that need no recursion takes too much
 */
export function callStack(shape: ModuleShape, bodies: readonly FunctionBody[]): CallStack {
  const { imports, functions, types } = shape;
  // A node for each function, then one for each type: an indirect call may reach all functions of its type in the table.
  const nodes = new Map<string, number>();
  for (const { text } of types) if (!nodes.has(text)) nodes.set(text, functions.length + nodes.size);
  const nodeOfType = (type: number): number => nodes.get(types[type]?.text ?? '') as number;

  const slots = Array.from({ length: functions.length + nodes.size }, () => 0);
  const edges = slots.map((): number[] => []);
  bodies.forEach((body, i) => {
    const node = imports.length + i;
    slots[node] = slotsOf(body, types[functions[node] as number] as FunctionType);
    edges[node] = [...new Set(calleesOf(body, nodeOfType))];
  });
  for (const element of shape.elements) edges[nodeOfType(functions[element] as number)]?.push(element);

  const component = components(edges);
  requireShortChains(shape, edges, slots, component);
  /** The largest function of its component that an indirect call may reach; 0 where that is none. */
  const largest = edges.map((callees, node) =>
    Math.max(0, ...callees.filter((to) => component[to] === component[node]).map((to) => slots[to] as number)),
  );
  return {
    ofCall: (caller, callee) => (component[caller] === component[callee] ? (slots[callee] as number) : 0),
    ofIndirectCall(caller, callee_type) {
      const node = nodeOfType(callee_type);
      return component[caller] === component[node] ? (largest[node] as number) : 0;
    },
  };
}

/** Parameters and results that do not fit into registers are handed over on the stack, beside where the function keeps its own. */
function slotsOf({ locals_count, operands_count, code }: FunctionBody, type: FunctionType): number {
  const handed_over = type.params_count + type.results_count;
  const kept = Math.floor((code.end - code.start) / BYTES_PER_KEPT_VALUE);
  return FRAME_SLOTS + locals_count + operands_count + handed_over + kept;
}

function* calleesOf({ edits }: FunctionBody, nodeOfType: (type: number) => number): Iterable<number> {
  for (const edit of edits) {
    if (edit.type === 'call') yield edit.callee;
    if (edit.type === 'call_indirect') yield nodeOfType(edit.callee_type);
  }
}

/** Of each component, one function at most is on such a chain without being counted: the one through which it was entered. */
function requireShortChains(
  { bytes }: ModuleShape,
  edges: readonly (readonly number[])[],
  slots: readonly number[],
  component: Int32Array,
): void {
  const members: number[][] = [];
  component.forEach((number, node) => (members[number] ??= []).push(node));
  const chains: number[] = [];
  // A component leads only to components with lower numbers, whose chains are known by then.
  members.forEach((nodes, number) => {
    let own = 0;
    let beyond = 0;
    for (const node of nodes) {
      own = Math.max(own, slots[node] as number);
      for (const to of edges[node] as number[])
        if (component[to] !== number) beyond = Math.max(beyond, chains[component[to] as number] as number);
    }
    const all = own + beyond;
    require(all <=
      MAX_MODULE_CHAIN_SLOTS, 'MODULE_STACK_TOO_DEEP', bytes.length, `calls without recursion take ${all} slots, at most ${MAX_MODULE_CHAIN_SLOTS}`);
    chains.push(all);
  });
}
