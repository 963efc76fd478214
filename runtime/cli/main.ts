#!/usr/bin/env node
// Entry of the `sortition` command: the compile cache first, so that starting many nodes costs little, then the program.
import { enableCompileCache } from 'node:module';

enableCompileCache();
// Whoever reads our output may have seen enough, as `head` has: that is no failure, and changes no verdict that the exit code tells.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
// A node listens for the end of its parent; that keeps no process alive which refused to start, or has drained.
process.channel?.unref();
