import { isIPv4 } from 'node:net';

/** How clients reach the coordinator's data connections. */
export interface CoordinatorDataConnections {
  /** The IPv4 address that PASV tells, where a router translates addresses (NAT). */
  readonly passiveAddress?: string;
  /** The ports on which clients are waited for, both included; by default any that is free. */
  readonly passivePorts?: { readonly first: number; readonly last: number };
  /** Whether the server also connects to clients (PORT, EPRT). */
  readonly activeMode: boolean;
}

export const dataConnectionVariables = {
  passiveAddress: 'FTP_PASSIVE_ADDRESS',
  passivePorts: 'FTP_PASSIVE_PORTS',
  activeMode: 'FTP_ACTIVE_MODE',
} as const;

/**
 * Undefined when nothing is set.
 * @param problems takes what is wrong, with the variable and the remedy
 */
export function readDataConnections(
  variables: Readonly<Record<string, string | undefined>>,
  problems: string[],
): CoordinatorDataConnections | undefined {
  const names = dataConnectionVariables;
  if (!Object.values(names).some((name) => variables[name])) return undefined;
  const address = variables[names.passiveAddress] || undefined;
  if (address !== undefined && !isIPv4(address)) {
    problems.push(
      `${names.passiveAddress} is "${address}": write the public IPv4 address, as in 203.0.113.7`,
    );
  }
  const range = variables[names.passivePorts] || undefined;
  const ports = range === undefined ? undefined : parsePorts(range);
  if (range !== undefined && !ports) {
    problems.push(
      `${names.passivePorts} is "${range}": write the first and the last port, as in 50000-50100`,
    );
  }
  const active = (variables[names.activeMode] || 'off').toLowerCase();
  if (active !== 'on' && active !== 'off') {
    problems.push(`${names.activeMode} is "${active}": write on or off`);
  }
  return {
    ...(address !== undefined && { passiveAddress: address }),
    ...(ports && { passivePorts: ports }),
    activeMode: active === 'on',
  };
}

/** The variables that {@link readDataConnections} reads back. */
export function dataConnectionsToEnvironment(options: CoordinatorDataConnections): Record<string, string> {
  const { passiveAddress, passivePorts, activeMode } = options;
  const names = dataConnectionVariables;
  return {
    ...(passiveAddress !== undefined && { [names.passiveAddress]: passiveAddress }),
    ...(passivePorts && { [names.passivePorts]: `${passivePorts.first}-${passivePorts.last}` }),
    ...(activeMode && { [names.activeMode]: 'on' }),
  };
}

function parsePorts(text: string): { first: number; last: number } | undefined {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from >= 1 && from <= to && to <= 65_535 ? { first: from, last: to } : undefined;
}
