/** A port that another program listens on, and the variable in `.env` that sets it. */
export interface TakenPort {
  readonly port: number;
  readonly variable: string;
}

/** A server cannot start for a reason outside of it. The message names the cause, the variable, and the remedy. */
export class StartError extends Error {
  /** For whoever can offer another port. */
  readonly taken: TakenPort | undefined;

  constructor(message: string, { taken, ...options }: ErrorOptions & { readonly taken?: TakenPort } = {}) {
    super(message, options);
    this.name = 'StartError';
    this.taken = taken;
  }
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** The variables in `.env` that set the two. */
  readonly hostVariable: string;
  readonly portVariable: string;
}

/** The port that a server could not listen on, when that is what the error is about. */
export function failedPort(error: unknown): number | undefined {
  return error instanceof Error && 'port' in error && typeof error.port === 'number' ? error.port : undefined;
}

/** Says in words why a server cannot listen; an error that is not about listening comes back as it is. */
export function explainListenError(error: unknown, address: ListenAddress): unknown {
  const { host, port, hostVariable, portVariable } = address;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} (${portVariable}) is in use by another program: stop it or set ${portVariable} to a free port.`,
        { cause: error, taken: { port, variable: portVariable } },
      );
    case 'EACCES':
      return new StartError(
        `Port ${port} (${portVariable}) may not be opened by this user: set ${portVariable} to a port above 1023.`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
      return new StartError(
        `${host} (${hostVariable}) is not an address of this machine: set ${hostVariable} to one that is, such as 127.0.0.1.`,
        { cause: error },
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `The host ${host} (${hostVariable}) cannot be found: set ${hostVariable} to an address of this machine, such as 127.0.0.1.`,
        { cause: error },
      );
    default:
      return error;
  }
}
