#!/usr/bin/env node
// Entry of the `sortition` command: the compile cache first, so that starting many nodes costs little, then the program.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
