// Strongly connected components of a graph (Tarjan, SIAM J. Comput. 1(2), 1972), without recursion: the graph is an attacker's.

/** Component of each node; a component's number is above those of all that it leads to. */
export function components(edges: readonly (readonly number[])[]): Int32Array {
  const count = edges.length;
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const found = new Int32Array(count).fill(-1);
  const next = new Int32Array(count);
  const open: number[] = [];
  let visited_count = 0;
  let components_count = 0;

  function visit(node: number): void {
    order[node] = low[node] = visited_count++;
    open.push(node);
  }

  function close(root: number): void {
    for (let node = -1; node !== root; ) {
      node = open.pop() as number;
      found[node] = components_count;
    }
    components_count++;
  }

  for (let start = 0; start < count; start++) {
    if (order[start] !== -1) continue;
    const way = [start];
    visit(start);
    while (way.length > 0) {
      const node = way.at(-1) as number;
      const to = edges[node]?.[next[node] as number];
      if (to === undefined) {
        way.pop();
        if (low[node] === order[node]) close(node);
        const parent = way.at(-1);
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      } else {
        (next[node] as number)++;
        if (order[to] === -1) {
          visit(to);
          way.push(to);
        } else if (found[to] === -1) low[node] = Math.min(low[node] as number, order[to] as number);
      }
    }
  }
  return found;
}
