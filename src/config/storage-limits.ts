import type { StorageLimits } from './configuration.ts';
import type { VariableReader } from './load.ts';
import { storageLimitVariables } from './variables.ts';

/** `FTP_CONNECTIONSn` and `FTP_TIMEOUTn`. */
export function readStorageLimits(reader: VariableReader, number: number): StorageLimits {
  const names = storageLimitVariables(number);
  const connections = readFrom1(reader, names.connections);
  const timeout = readFrom1(reader, names.timeout);
  return {
    ...(connections !== undefined && { connections }),
    ...(timeout !== undefined && { timeout }),
  };
}

export function storageLimitEnvironment(
  { connections, timeout }: StorageLimits,
  number: number,
): Record<string, string> {
  const names = storageLimitVariables(number);
  return {
    ...(connections !== undefined && { [names.connections]: String(connections) }),
    ...(timeout !== undefined && { [names.timeout]: String(timeout) }),
  };
}

function readFrom1(reader: VariableReader, name: string): number | undefined {
  const text = reader.optional(name);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  reader.problems.push(`${name} is "${text}": write a whole number from 1 to 999`);
  return undefined;
}
