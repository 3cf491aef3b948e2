import { setTimeout as delay } from 'node:timers/promises';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { Login } from './login.ts';
import { RefusedLogin } from './refused-login.ts';
import { isLoginRefused, isRefusedSilently, isTooManyConnections } from './storage-failure.ts';

const connectTimeout = 5_000;
/** For a server that did not answer a moment ago: nobody should wait long again to be told so. */
const reconnectTimeout = 1_000;
/** Milliseconds after which a server that did not answer gets the whole time again. */
const patienceInterval = 15_000;
/** Milliseconds that a server may take to notice that an earlier connection has ended. */
const farewell = 250;

/** Logs in to one storage server: how often, how long an answer is waited for, and when once more is worth it. */
export class LoginAttempts {
  readonly #configuration: StorageServerConfiguration;
  readonly #closing: AbortSignal;
  readonly #refusedLogin = new RefusedLogin();
  #patient = 0;

  /** @param closing ends what is under way */
  constructor(configuration: StorageServerConfiguration, closing: AbortSignal) {
    this.#configuration = configuration;
    this.#closing = closing;
  }

  /**
   * @param isSilent the server was waited for in vain the last time
   * @throws what the server, or the way to it, failed with
   */
  async login(isSilent: boolean): Promise<Login> {
    this.#refusedLogin.throwIfEarly(performance.now());
    try {
      const login = await this.#open(this.#timeout(isSilent));
      this.#refusedLogin.accepted();
      return login;
    } catch (error) {
      if (isLoginRefused(error)) this.#refusedLogin.refused(error, performance.now());
      throw error;
    }
  }

  /** Milliseconds. */
  #timeout(isSilent: boolean): number {
    const now = Date.now();
    const isPatient = !isSilent || now - this.#patient > patienceInterval;
    if (isPatient) this.#patient = now;
    const whole = (this.#configuration.timeout ?? connectTimeout / 1000) * 1000;
    return isPatient ? whole : Math.min(whole, reconnectTimeout);
  }

  async #open(timeout: number): Promise<Login> {
    try {
      return await Login.open(this.#configuration, timeout, this.#closing);
    } catch (error) {
      if (!isTooManyConnections(error) && !isRefusedSilently(error)) throw error;
      await delay(farewell, undefined, { signal: this.#closing });
      return Login.open(this.#configuration, timeout, this.#closing);
    }
  }
}
