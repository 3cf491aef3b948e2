import { describe, expect, it } from 'vitest';
import { dataConnectionsToEnvironment, readDataConnections } from '../../src/config/data-connections.ts';
import { isKnownVariable } from '../../src/config/variables.ts';

const whole = {
  FTP_PASSIVE_ADDRESS: '203.0.113.7',
  FTP_PASSIVE_PORTS: '50000-50100',
  FTP_ACTIVE_MODE: 'on',
};

describe('data connections', () => {
  it('are set by three variables, which go to child processes as they are', () => {
    const problems: string[] = [];
    const read = readDataConnections(whole, problems);
    expect(problems).toEqual([]);
    expect(read).toEqual({
      passiveAddress: '203.0.113.7',
      passivePorts: { first: 50_000, last: 50_100 },
      activeMode: true,
    });
    expect(dataConnectionsToEnvironment({ activeMode: true, ...read })).toEqual(whole);
    expect(Object.keys(whole).every(isKnownVariable)).toBe(true);
  });

  it('are left to the engine when nothing is set', () => {
    const problems: string[] = [];
    expect(readDataConnections({ FTP_PORT: '21', FTP_ACTIVE_MODE: '' }, problems)).toBeUndefined();
    expect(readDataConnections({ FTP_ACTIVE_MODE: 'OFF' }, problems)).toEqual({ activeMode: false });
    expect(problems).toEqual([]);
  });

  it.each([
    ['FTP_PASSIVE_ADDRESS', 'nas.example.com'],
    ['FTP_PASSIVE_ADDRESS', '::1'],
    ['FTP_PASSIVE_ADDRESS', '127.0.0.010'],
    ['FTP_PASSIVE_PORTS', '50000'],
    ['FTP_PASSIVE_PORTS', '50100-50000'],
    ['FTP_PASSIVE_PORTS', '0-10'],
    ['FTP_PASSIVE_PORTS', '60000-70000'],
    ['FTP_PASSIVE_PORTS', '50000 - 50100'],
    ['FTP_ACTIVE_MODE', 'yes'],
  ])('refuses %s=%s with a sentence that names it', (name, value) => {
    const problems: string[] = [];
    readDataConnections({ [name]: value }, problems);
    expect(problems).toEqual([expect.stringContaining(`${name} is "${value}": write `)]);
  });
});
