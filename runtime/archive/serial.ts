// One task after another: for state that two requests must not change at the same time.

/** Runs each task when all earlier ones have ended, whatever their outcome. */
export function createSerial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task, task);
    last = result.catch(() => undefined);
    return result;
  };
}
