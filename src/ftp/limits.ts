/** How long the engine waits and how much it takes; times in milliseconds. */
export const defaultLimits = {
  /** At once. Each costs some 100 KiB and a file descriptor; a transfer some more of both. */
  connections: 1000,
  /** Of `connections`, from one address: half, so that no single address can lock out all others. */
  connectionsPerAddress: 500,
  /** Uploads and downloads at once. */
  transfers: 250,
  /** From connecting to logging in. */
  loginMs: 30_000,
  loginAttempts: 3,
  /** Before the login that follows a wrong one from the same address; doubled with each further one, up to 16 times. */
  failedLoginDelayMs: 500,
  /** Logins of one address that wait so side by side. */
  loginsWaiting: 16,
  /** Without a command; a running one does not count. */
  idleMs: 900_000,
  /** A transfer in which no byte moves. */
  stallMs: 300_000,
  /** A TLS handshake, from its first byte to its last. */
  tlsHandshakeMs: 15_000,
  /** From EPSV or PASV to the client's data connection. */
  dataConnectionMs: 30_000,
  /** For the last reply to reach the client. */
  goodbyeMs: 2_000,
  /** Commands that wait for their turn. */
  queuedCommands: 1024,
};

export type Limits = Readonly<typeof defaultLimits>;
