// What a drill measured, as one line of the test run's output.

export const report = (line: string): void => void process.stdout.write(`${line}\n`);
