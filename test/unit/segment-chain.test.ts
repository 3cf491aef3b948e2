import { expect, test } from 'vitest';
import { type ChainedSegment, chainOfSegments } from '../../src/coordinator/segments/segment-chain.ts';

const segment = (position: number, sequence: number, length: number): ChainedSegment => ({
  position,
  sequence,
  length,
});
const stored = segment(0, 10, 500);
const appended = segment(1, 11, 70);
const converted = segment(0, 20, 570);

function expectChain(all: readonly ChainedSegment[], ...segments: readonly ChainedSegment[]): void {
  expect(chainOfSegments(all)).toEqual({ segments, missing: undefined });
  expect(chainOfSegments([...all].reverse())).toEqual({ segments, missing: undefined });
}

test('one after the other, in whatever order they were found', () => {
  expectChain([appended, stored], stored, appended);
});

test('what was appended before a conversion is in the converted segment already', () => {
  expectChain([stored, appended, converted], converted);
});

test('what was appended after a conversion follows it', () => {
  const later = segment(1, 30, 5);
  expectChain([stored, appended, converted, later], converted, later);
});

test('a conversion that did not get to its end does not count', () => {
  expectChain([stored, appended, segment(0, 20, 500)], stored, appended);
});

test('a conversion to segments of other lengths is not mixed with what it was made from', () => {
  const first = segment(0, 20, 400);
  const second = segment(1, 21, 170);
  expectChain([stored, appended, first, second], first, second);
  expectChain([segment(0, 10, 570), first, second], first, second);
});

test('of an appending that was given up and the next one the latter', () => {
  const next = segment(1, 12, 80);
  expectChain([stored, appended, next], stored, next);
});

test('a gap is told, also where a conversion was overtaken by what was appended', () => {
  expect(chainOfSegments([appended])).toEqual({ segments: [], missing: 0 });
  expect(chainOfSegments([stored, segment(2, 12, 5)])).toEqual({ segments: [stored], missing: 1 });
  const overtaking = segment(2, 21, 5);
  expect(chainOfSegments([stored, appended, converted, overtaking])).toEqual({
    segments: [converted],
    missing: 1,
  });
});

test('of nothing it is empty', () => {
  expectChain([]);
});
