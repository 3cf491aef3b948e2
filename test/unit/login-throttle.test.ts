import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientNetwork } from '../../src/ftp/access/client-network.ts';
import { LoginThrottle } from '../../src/ftp/access/login-throttle.ts';

const limits = { failedLoginDelayMs: 500, loginsWaiting: 2 };
const minute = 60_000;
const open = new AbortController().signal;

function throttle() {
  let now = 1_000_000;
  return {
    throttle: new LoginThrottle(limits, () => now),
    pass: (milliseconds: number) => (now += milliseconds),
  };
}

describe('the delay of a login', () => {
  test('is none at first, doubles with each failure up to 8 s, and belongs to the address', () => {
    const { throttle: each } = throttle();
    const delays = Array.from({ length: 7 }, () => {
      const delay = each.delayOf('192.0.2.1');
      each.failed('192.0.2.1');
      return delay;
    });
    expect(delays).toEqual([0, 500, 1000, 2000, 4000, 8000, 8000]);
    expect(each.delayOf('192.0.2.2')).toBe(0);
  });

  test('is forgotten, a failure a minute, all within ten minutes however many there were', () => {
    const { throttle: each, pass } = throttle();
    for (let count = 0; count < 1000; count++) each.failed('127.0.0.1');
    expect(each.delayOf('127.0.0.1')).toBe(8000);
    pass(7 * minute);
    expect(each.delayOf('127.0.0.1')).toBe(2000);
    pass(3 * minute);
    expect(each.delayOf('127.0.0.1')).toBe(0);
  });

  test('of a whole IPv6 network is one', () => {
    const { throttle: each } = throttle();
    each.failed('2001:db8:1:2::1');
    expect(each.delayOf('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(500);
    expect(each.delayOf('2001:db8:1:3::1')).toBe(0);
  });
});

describe('the memory', () => {
  test('is bounded, and keeps the ones that failed last', () => {
    const { throttle: each } = throttle();
    for (let index = 0; index < 20_000; index++) each.failed(`192.0.${index >> 8}.${index & 255}`);
    expect(each.size).toBe(10_000);
    expect(each.delayOf('192.0.0.0')).toBe(0);
    expect(each.delayOf(`192.0.${19_999 >> 8}.${19_999 & 255}`)).toBe(500);
  });

  test('drops what is forgotten', () => {
    const { throttle: each, pass } = throttle();
    for (let index = 0; index < 100; index++) each.failed(`192.0.2.${index}`);
    pass(minute);
    each.failed('198.51.100.1');
    expect(each.size).toBe(1);
  });
});

describe('logins that wait', () => {
  test('are few, and a further one is turned away at once', async () => {
    const slow = new LoginThrottle({ failedLoginDelayMs: 3_600_000, loginsWaiting: 2 });
    slow.failed('192.0.2.1');
    const gone = new AbortController();
    const waiting = [slow.admit('192.0.2.1', gone.signal), slow.admit('192.0.2.1', gone.signal)];
    expect(await slow.admit('192.0.2.1', open)).toBe(false);
    expect(await slow.admit('192.0.2.2', open)).toBe(true);
    gone.abort();
    expect(await Promise.all(waiting)).toEqual([false, false]);
    const next = new AbortController();
    const another = slow.admit('192.0.2.1', next.signal);
    next.abort();
    expect(await another).toBe(false);
  });

  test('are let in after their time', async () => {
    const quick = new LoginThrottle({ failedLoginDelayMs: 1, loginsWaiting: 2 });
    quick.failed('192.0.2.1');
    expect(await quick.admit('192.0.2.1', open)).toBe(true);
  });
});

describe('the network of a client', () => {
  test('is an IPv4 address, or the first half of an IPv6 address', () => {
    expect(clientNetwork('192.0.2.1')).toBe('192.0.2.1');
    expect(clientNetwork('::1')).toBe('0:0:0:0::/64');
    expect(clientNetwork('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(clientNetwork('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(clientNetwork('2001:db8::')).toBe('2001:db8:0:0::/64');
    expect(clientNetwork('')).toBe('');
  });

  test('is the same for two addresses with the same first 64 bits, however they are written', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        const written = (values: number[]) => values.map((value) => value.toString(16)).join(':');
        // As the system writes it: the URL parser compresses the longest run of zeros.
        const short = (values: number[]) => new URL(`ftp://[${written(values)}]`).hostname.slice(1, -1);
        const mixed = [...one.slice(0, 4), ...other.slice(4)];
        expect(clientNetwork(short(mixed))).toBe(clientNetwork(written(one)));
      }),
    );
  });
});
