/** Activates the extension in a window that has nothing else to do, and reports what that takes. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { report } from './report.ts';

/** A thread that works for less than this share of the time is idle. */
const idle = 0.02;
const interval = 500;

/** The window has loaded, and the other extensions have been activated. */
async function untilIdle(): Promise<void> {
  for (;;) {
    const before = process.threadCpuUsage();
    await delay(interval);
    if (cpuSince(before) < idle * interval) return;
  }
}

/** Milliseconds of processor time that this thread has used since then. */
function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension('splitftp.splitftp');
  assert.equal(extension?.isActive, false);
  await untilIdle();
  const [cpuBefore, start] = [process.threadCpuUsage(), performance.now()];
  await extension.activate();
  await report('activation.json', { cpu: cpuSince(cpuBefore), wall: performance.now() - start });
}
