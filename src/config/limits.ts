/** How much the coordinator takes and how long it waits, where a person set it; the defaults are the engine's. */
export interface CoordinatorLimits {
  readonly connections?: number;
  readonly connectionsPerAddress?: number;
  readonly transfers?: number;
  readonly loginSeconds?: number;
  readonly idleSeconds?: number;
  readonly stallSeconds?: number;
}

type LimitName = keyof CoordinatorLimits;

export const limitVariables = {
  connections: 'FTP_MAX_CONNECTIONS',
  connectionsPerAddress: 'FTP_MAX_CONNECTIONS_PER_ADDRESS',
  transfers: 'FTP_MAX_TRANSFERS',
  loginSeconds: 'FTP_LOGIN_TIMEOUT',
  idleSeconds: 'FTP_IDLE_TIMEOUT',
  stallSeconds: 'FTP_STALL_TIMEOUT',
} as const satisfies Record<LimitName, string>;

const names: readonly LimitName[] = [
  'connections',
  'connectionsPerAddress',
  'transfers',
  'loginSeconds',
  'idleSeconds',
  'stallSeconds',
];

/** More than a system gives a process in connections; a day in seconds. */
const most = 100_000;

/** @param problems takes what is wrong, with the variable and the remedy */
export function readLimits(
  variables: Readonly<Record<string, string | undefined>>,
  problems: string[],
): CoordinatorLimits {
  const limits: { -readonly [name in LimitName]?: number } = {};
  for (const name of names) {
    const text = variables[limitVariables[name]];
    if (text === undefined || text === '') continue;
    const value = Number(text);
    if (/^\d{1,6}$/.test(text) && value >= 1 && value <= most) limits[name] = value;
    else {
      const unit = limitVariables[name].endsWith('TIMEOUT') ? ' of seconds' : '';
      problems.push(`${limitVariables[name]} is "${text}": write a number${unit} from 1 to ${most}`);
    }
  }
  return limits;
}

/** The variables that {@link readLimits} reads back. */
export function limitsToEnvironment(limits: CoordinatorLimits): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of names) {
    const value = limits[name];
    if (value !== undefined) environment[limitVariables[name]] = String(value);
  }
  return environment;
}
