import { FTPError } from 'basic-ftp';
import { describe, expect, test } from 'vitest';
import {
  describeFailure,
  isBrokenOff,
  isFull,
  isTooManyConnections,
} from '../../src/coordinator/pool/storage-failure.ts';

const server = { name: 'storage server 2 (nas:21)', number: 2 };
const reply = (message: string) => new FTPError({ code: Number(message.slice(0, 3)), message });
const failure = (code: string) => Object.assign(new Error(`read ${code}`), { code });

test.each([
  '421 There are too many connected users, please try later.', // vsftpd
  '421 There are too many connections from your internet address.',
  '530 Sorry, the maximum number of allowed clients (3) are already connected.', // ProFTPD
  '530 Sorry, the maximum number clients (3) from your host are already connected.',
  '421 3 users (the maximum) are already logged in, sorry', // Pure-FTPd
  '421 Too many connections (3) from this IP',
  '421 Too many connections. Service temporarily unavailable.', // pyftpdlib
  '421 Too many connections from the same IP address.',
])('too many connections: %s', (message) => {
  expect(isTooManyConnections(reply(message))).toBe(true);
  expect(describeFailure(server, reply(message))).toContain('FTP_CONNECTIONS2');
});

test.each([
  '530 Login incorrect.',
  '530 Login authentication failed',
  '530 Authentication failed.',
  '421 Service not available, closing control connection.',
  '421 Timeout.',
])('not too many connections: %s', (message) => {
  expect(isTooManyConnections(reply(message))).toBe(false);
});

test.each([
  '452 Insufficient storage space',
  '552 Disk quota exceeded',
  '552 Transfer aborted. No space left on device',
  '426 Failure writing to local file.', // vsftpd
  '451 Failure writing to local file.',
  '451-Error during write to file\n451-15000.0 kbytes uploaded\n451 more', // Pure-FTPd
  '451 Transfer aborted. Input/output error', // ProFTPD
  '426 None; transfer aborted.', // pyftpdlib
])('full: %j', (message) => {
  expect(isFull(reply(message))).toBe(true);
  const description = describeFailure(server, reply(message));
  expect(description).toMatch(/^storage server 2 \(nas:21\) is full/);
  expect(description).not.toContain('\n');
});

test.each([
  '426 Failure reading network stream.',
  '426 Connection closed; transfer aborted.',
  '425 Failed to establish connection.',
  '553 Could not create file.',
  '550 Permission denied.',
])('not full: %s', (message) => {
  expect(isFull(reply(message))).toBe(false);
});

describe('says what to do', () => {
  test.each([
    ['530 Login incorrect.', 'FTP_USER2 and FTP_PASSWORD2'],
    ['530 Non-anonymous sessions must use encryption.', 'FTP_TLS2'],
    ['550 SSL/TLS required on the control channel', 'FTP_TLS2'],
    ['502 TLS is not offered.', 'FTP_TLS2'],
    ['500 AUTH not understood', 'FTP_TLS2'],
    ['504 AUTH TLS is not supported', 'FTP_TLS2'],
    ['421 Sorry, cleartext sessions and weak ciphers are not accepted on this server.', 'FTP_TLS2'],
  ])('%s', (message, variable) => {
    expect(describeFailure(server, reply(message))).toContain(variable);
    // Before there are variables it is about what a person has just answered.
    const advice = describeFailure({ name: server.name }, reply(message));
    expect(advice).not.toContain('FTP_');
    expect(advice).toMatch(/the user and the password|choose explicit TLS|choose no encryption/);
  });

  test('a data connection that cannot be opened', () => {
    expect(describeFailure(server, new Error("Can't open data connection: no answer"))).toMatch(
      /passive ports/,
    );
  });
});

test.each([
  'ECONNRESET',
  'EPIPE',
])('%s says that the connection broke, not that the server is down', (code) => {
  expect(isBrokenOff(failure(code))).toBe(true);
  expect(describeFailure(server, failure(code))).toBe(`${server.name} broke the connection off`);
  expect(describeFailure(server, failure('ECONNREFUSED'))).toContain('is down');
});
