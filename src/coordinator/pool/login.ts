import type { Client } from 'basic-ftp';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { storageTlsVariables } from '../../config/variables.ts';
import { FtpClient } from '../../ftp-client/ftp-client.ts';
import { storageTrust } from '../../tls/expected-certificate.ts';
import { accessTrusted } from '../../tls/trust.ts';
import { type Capabilities, describeFeatures, type Features, probe, readFeatures } from './capabilities.ts';
import { StorageConnection } from './storage-connection.ts';
import { deliverWholeLines } from './whole-lines.ts';

/**
 * Silence of a storage server, in seconds, after which an operation has failed. A final flush to its disk may
 * take long; whoever waits for the coordinator must hear of this before giving that up.
 */
const defaultTimeout = 30;

/** A control connection whose server's capabilities are yet to be told. */
export class Login {
  readonly #client: Client;
  readonly #home: string;
  readonly #features: Features;

  private constructor(client: Client, home: string, features: Features) {
    this.#client = client;
    this.#home = home;
    this.#features = features;
  }

  /**
   * @param timeout milliseconds in which the server must have answered, and have agreed on TLS; to check a password may
   * take it longer.
   * @param closing ends the attempt
   */
  static async open(
    server: StorageServerConfiguration,
    timeout: number,
    closing?: AbortSignal,
  ): Promise<Login> {
    closing?.throwIfAborted();
    const silence = (server.timeout ?? defaultTimeout) * 1000;
    const client = new FtpClient(silence, { allowSeparateTransferHost: false });
    const deadline = setTimeout(
      () => client.ftp.closeWithError(new Error(`Timeout of ${timeout / 1000} s`)),
      timeout,
    );
    const giveUp = () => client.ftp.closeWithError(new Error('the coordinator is stopping'));
    closing?.addEventListener('abort', giveUp, { once: true });
    const login = client.login.bind(client);
    client.login = (user, password) => {
      clearTimeout(deadline);
      return login(user, password);
    };
    try {
      const tls = { mode: server.tls.mode, ...(await storageTrust(server)) };
      await accessTrusted(client, { ...server, tls }, storageTlsVariables(server.number).fingerprint);
      client.ftp.socket.setNoDelay(true); // The end of a long line shall not wait for the rest to be confirmed.
      deliverWholeLines(client.ftp.socket);
      // A quote in a name is doubled (RFC 959, appendix II).
      const home = (await client.pwd()).replaceAll('""', '"');
      return new Login(client, home, await client.features());
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(deadline);
      closing?.removeEventListener('abort', giveUp);
    }
  }

  /** Whether these are still this server's capabilities. */
  has(capabilities: Capabilities): boolean {
    return capabilities.features === describeFeatures(this.#features);
  }

  /** What FEAT alone tells. */
  get told(): Capabilities {
    return readFeatures(this.#features, this.#client, this.#home);
  }

  /** @param folder the pool's. @throws what ends the connection */
  probe(folder: string): Promise<Capabilities> {
    return probe(this.#client, this.#features, this.#home, folder);
  }

  connection(capabilities: Capabilities): StorageConnection {
    return new StorageConnection(this.#client, capabilities);
  }

  close(): void {
    this.#client.close();
  }
}
