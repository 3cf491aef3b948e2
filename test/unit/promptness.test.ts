import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Promptness } from '../../src/coordinator/pool/promptness.ts';
import { Reachability } from '../../src/coordinator/pool/reachability.ts';
import { createLog } from '../../src/log/log.ts';

const mebibyte = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(): {
  readonly promptness: Promptness;
  readonly reachability: Reachability;
  readonly lines: string[];
} {
  const lines: string[] = [];
  const log = createLog('test', 'warn', { write: (line) => lines.push(line) });
  const reachability = new Reachability();
  return {
    promptness: new Promptness({ name: 'server 1', number: 1 }, reachability, log),
    reachability,
    lines,
  };
}

test('the average follows what was measured of late', () => {
  const { promptness } = start();
  expect(promptness.blockTime).toBeUndefined();
  promptness.measured(mebibyte, 400);
  expect(promptness.blockTime).toBe(100);
  for (let times = 0; times < 20; times++) promptness.measured(256 * 1024, 10);
  expect(promptness.blockTime).toBeCloseTo(10, 0);
  vi.advanceTimersByTime(60_000);
  expect(promptness.blockTime).toBeUndefined();
});

test('one that lagged behind is read from last for half a minute, but still waited for in uploads', () => {
  const { promptness, reachability } = start();
  promptness.lagged();
  expect(promptness.slowness).toBe('server 1 lags behind the others');
  expect(promptness.standstill).toBeUndefined();
  expect(reachability.isSuspect).toBe(true);
  vi.advanceTimersByTime(30_000);
  expect(promptness.slowness).toBeUndefined();
});

test('one that stood still in an upload is waited for by nobody, for half a minute', () => {
  const { promptness } = start();
  promptness.stoodStill();
  expect(promptness.standstill).toBe('server 1 stood still a moment ago');
  vi.advanceTimersByTime(30_000);
  expect(promptness.standstill).toBeUndefined();
});

test('one that did not answer is waited for by nobody until it does', () => {
  const { promptness, reachability } = start();
  reachability.failed('server 1 does not answer', true);
  vi.advanceTimersByTime(600_000);
  expect(promptness.slowness).toBe('server 1 does not answer');
  expect(promptness.standstill).toBe('server 1 does not answer');
  reachability.answered();
  expect(promptness.slowness).toBeUndefined();
});

test('that a server lags behind is said once', () => {
  const { promptness, lines } = start();
  promptness.lagged();
  promptness.lagged();
  promptness.stoodStill();
  expect(lines.length).toBe(1);
});

test('to let an upload in, a server may take a few times what it usually takes', () => {
  const { promptness } = start();
  expect(promptness.loginPatience(10_000)).toBe(10_000);
  promptness.loggedIn(20);
  expect(promptness.loginPatience(10_000)).toBe(2_000);
  for (let times = 0; times < 20; times++) promptness.loggedIn(2_000);
  expect(promptness.loginPatience(10_000)).toBeCloseTo(6_000, -2);
  expect(promptness.loginPatience(1_000)).toBe(1_000);
  promptness.stoodStill();
  expect(promptness.loginPatience(10_000)).toBe(1_000);
});
