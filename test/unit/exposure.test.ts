import { describe, expect, test } from 'vitest';
import { isLoopback } from '../../src/config/loopback.ts';
import { requirePasswordOutsideLoopback } from '../../src/servers/exposure.ts';
import { StartError } from '../../src/servers/start-error.ts';

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.0.2.1', false],
  ['2001:db8::1', false],
  ['nas.example', false],
  ['127.0.0.1.example', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

describe('outside loopback', () => {
  test.each([
    ['user', 'password'],
    ['user', 'Password'],
    ['user', 'password123'],
    ['user', 'user'],
    ['administrator1', 'Administrator1'],
    ['user', 'short'],
    ['user', 'aaaaaaaaaaaa'],
    ['user', '12345678'],
    ['user', ''],
  ])('the account %s with the password "%s" is refused, by the name of the variable', (user, password) => {
    const start = () => requirePasswordOutsideLoopback('0.0.0.0', { user, password }, 'FTP_PASSWORD');
    expect(start).toThrow(StartError);
    expect(start).toThrow(
      /^FTP_PASSWORD .* 0\.0\.0\.0 can be reached from other machines: set FTP_PASSWORD to/,
    );
  });

  test('a password that nobody guesses is taken', () => {
    requirePasswordOutsideLoopback('0.0.0.0', { user: 'user', password: 'Tr0ub4dor&3' }, 'FTP_PASSWORD');
  });
});

test('on loopback any password will do', () => {
  requirePasswordOutsideLoopback('127.0.0.1', { user: 'user', password: 'user' }, 'FTP_PASSWORD');
});
