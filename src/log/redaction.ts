/**
 * Keeps secrets out of a log line, whatever wrote it and wherever they stand in it: in a field named like one, at any
 * depth; in the user part of a URL; in a PASS or ACCT command that an error quotes.
 */

const redacted = '[Redacted]';

/** `passive` and `bypass` are no secrets, `FTP_PASSWORD1`, `userPass` and `api-key` are. */
const secretName =
  /(?:^|[^a-z])pass(?:$|[^a-z])|passw(?:or)?d|passphrase|passcode|secret|token|credential|authorization|(?:private|api|ticket).?keys?$/i;
const secretNameInCamelCase = /[a-z]Pass(?:$|[A-Z])/;

/** What a line holds that is worth a closer look; most hold none. */
const suspicion = /pass|acct|secret|token|credential|authorization|key|:\/\//i;

/** One line of JSON, as pino writes it; the same without secrets. */
export function redactLine(line: string): string {
  if (!suspicion.test(line)) return line;
  const parsed: unknown = JSON.parse(line);
  return `${JSON.stringify(redact(parsed))}\n`;
}

function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, isSecret(name, field) ? redacted : redact(field)]),
  );
}

function isSecret(name: string, field: unknown): boolean {
  // A number or a flag (`tokens: 3`, `password: true`) tells nothing.
  if (typeof field === 'number' || typeof field === 'boolean') return false;
  return secretName.test(name) || secretNameInCamelCase.test(name);
}

function redactText(text: string): string {
  return (
    text
      // RFC 3986, section 3.2.1. A password that was not encoded as it should be may hold an @ or even a slash.
      .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s]*@/gi, `$1:${redacted}@`)
      .replaceAll(/\b(PASS|ACCT) [^\r\n]*/gi, `$1 ${redacted}`)
  );
}
