import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/log/log.ts';

/** What a logger writes, parsed; a line that is no JSON, or more than one, fails. */
function logged(write: (log: ReturnType<typeof createLog>) => void): { text: string; fields: unknown } {
  const lines: string[] = [];
  write(createLog('test', 'trace', { write: (line) => lines.push(line) }));
  const [text = '', ...more] = lines;
  expect(more).toEqual([]);
  expect(text.indexOf('\n')).toBe(text.length - 1);
  return { text, fields: JSON.parse(text) };
}

/** Could not stand in a line by chance. */
const secret = fc
  .string({ unit: 'binary', minLength: 3, maxLength: 20 })
  .map((text) => `§${text.replaceAll(/[\s\p{Cc}]/gu, '_')}§`);

/** How a text shows in JSON. */
const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

describe('a secret never shows', () => {
  const name = fc.constantFrom(
    ...['password', 'pass', 'Password', 'FTP_PASSWORD1', 'userPass', 'db_pass', 'passwd', 'passphrase'],
    ...[
      'secret',
      'clientSecret',
      'token',
      'access_token',
      'credentials',
      'authorization',
      'api-key',
      'privateKey',
    ],
  );

  test('in a field named like one, at any depth', () => {
    const value = fc.oneof(
      secret.map((text) => ({ value: text, secrets: [text] })),
      fc.array(secret).map((texts) => ({ value: texts, secrets: texts })),
      secret.map((text) => ({ value: { deeper: [{ text }] }, secrets: [text] })),
    );
    const depth = fc.array(fc.constantFrom('a', 'list', 'options'), { maxLength: 6 });
    fc.assert(
      fc.property(name, value, depth, (field, { value, secrets }, path) => {
        let fields: object = { [field]: value, harmless: 1 };
        for (const step of path) fields = step === 'list' ? { [step]: [fields] } : { [step]: fields };
        const { text } = logged((log) => log.info(fields, 'event'));
        for (const each of secrets) expect(text).not.toContain(inJson(each));
        expect(text).toContain('[Redacted]');
        expect(text).toContain('"harmless":1');
      }),
    );
  });

  test('in a child logger, and of an error in its fields', () => {
    fc.assert(
      fc.property(name, secret, (field, text) => {
        const err = Object.assign(new Error('failed'), { options: { [field]: text } });
        const line = logged((log) => log.child({ [field]: text }).error({ err }, 'event')).text;
        expect(line).not.toContain(inJson(text));
        expect(line).toContain('failed');
      }),
    );
  });

  const quoting = fc.constantFrom(
    (text: string) => `ftp://user:${text}@host.example:21/path`,
    (text: string) => `cannot reach ftps://user:${text}@[::1]/, giving up`,
    (text: string) => `PASS ${text}`,
    (text: string) => `sent: pass ${text} ${text}`,
    (text: string) => `> ACCT ${text}\r\n< 530 no`,
  );

  test('in a URL or a command, whether in a field, the message, an error, its stack or its cause', () => {
    fc.assert(
      fc.property(secret, quoting, (text, quote) => {
        const quoted = quote(text);
        const err = new Error(quoted, { cause: new Error(quoted) });
        for (const write of [
          (log: ReturnType<typeof createLog>) => log.info({ address: quoted }, 'event'),
          (log: ReturnType<typeof createLog>) => log.info(quoted),
          (log: ReturnType<typeof createLog>) => log.error({ err }, 'event'),
          (log: ReturnType<typeof createLog>) => log.child({ list: [{ quoted }] }).info('event'),
        ]) {
          expect(logged(write).text).not.toContain(inJson(text));
        }
      }),
    );
  });
});

test('what is no secret stays', () => {
  const fields = {
    passivePort: 1,
    bypass: 'yes',
    compass: 'north',
    tokens: 3,
    key: 'value',
    url: 'ftp://host.example/path:with@signs',
    user: 'ann',
  };
  expect(logged((log) => log.info(fields, 'bypassed')).fields).toMatchObject({ ...fields, msg: 'bypassed' });
});

test('whatever a user sends makes one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { fields } = logged((log) => log.info({ path: text }, 'event'));
      expect(fields).toMatchObject({ level: 30, msg: 'event', name: 'test' });
    }),
  );
});
