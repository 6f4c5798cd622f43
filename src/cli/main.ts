#!/usr/bin/env node
// Memory is set up before the other modules are loaded.
import './heap.js';

const { runCommandLine } = await import('./command-line.js');
await runCommandLine();
