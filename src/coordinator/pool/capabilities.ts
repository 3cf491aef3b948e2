import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Client, FTPError } from 'basic-ftp';
import { inlineFeature } from '../../ftp/commands/inline.ts';
import { atomicStoreFeature } from '../../ftp/file-system.ts';
import { retrieveBytes, store } from './data-transfer.ts';

/** What a storage server can do, as far as the pool needs or shows it. */
export interface Capabilities {
  /** The answer to FEAT (RFC 2389): while it is the same, so is the rest. */
  readonly features: string;
  /** A file appears under its name only when its upload is whole. */
  readonly storesAtomically: boolean;
  /** Small files need no data connection: SITE PUT and SITE GET. */
  readonly inline: boolean;
  /** Names that are given to the server begin with it; empty where it takes none but relative ones. */
  readonly root: string;
  /** SIZE (RFC 3659, section 4). */
  readonly size: boolean;
  /** MLST and MLSD (RFC 3659, section 7). */
  readonly facts: boolean;
  /** REST before RETR (RFC 3659, section 5). */
  readonly restart: boolean;
  /** RNFR and RNTO; over an existing file, too. */
  readonly rename: boolean;
  readonly renameReplaces: boolean;
  /** MFMT. */
  readonly setTime: boolean;
  /** Commands that give a file's digest: HASH, XCRC, XMD5, XSHA256, ... */
  readonly digests: readonly string[];
  /** Version of TLS, and whether data connections resume the control connection's session. */
  readonly tls: { readonly version: string; readonly resumed: boolean } | undefined;
  /** The reply to the probe's upload, if that failed: what needs no upload was taken from FEAT. */
  readonly unproven: string | undefined;
}

/** Command names, some with parameters behind them. */
export type Features = ReadonlyMap<string, string>;

export function describeFeatures(features: Features): string {
  return [...features].map((feature) => feature.join(' ')).join('\n');
}

/**
 * Finds out what the server can do. What FEAT alone does not prove is tried with a small file, which is removed again;
 * always under the same name, so that one left by a broken connection goes with the next probe. A bundled server's word
 * is taken.
 * @param folder the pool's folder, relative to `home`; made if need be
 * @throws what ends the connection, nothing else
 */
export async function probe(
  client: Client,
  features: Features,
  home: string,
  folder: string,
): Promise<Capabilities> {
  const told = readFeatures(features, client, home);
  if (told.storesAtomically) return told;
  for (const root of [told.root, '']) {
    const tried = await tryOut(client, { ...told, root }, folder);
    if (tried.unproven === undefined) return tried;
    // A full or read-only server takes no file under any name; then there is nothing to learn from relative ones.
    if (!/^(501|550|553)/.test(tried.unproven) || root === '') return { ...tried, root: told.root };
  }
  return told;
}

/** In words, for a person. */
export function describeCapabilities(capabilities: Capabilities): string[] {
  const { storesAtomically, inline, size, facts, restart, rename, renameReplaces, setTime, digests, tls } =
    capabilities;
  return [
    ...(storesAtomically ? ['atomic store'] : []),
    ...(inline ? ['inline'] : []),
    ...(rename ? [renameReplaces ? 'rename over' : 'rename'] : []),
    ...(size ? ['SIZE'] : []),
    ...(restart ? ['REST'] : []),
    ...(facts ? ['MLST'] : []),
    ...(setTime ? ['MFMT'] : []),
    ...digests,
    ...(tls ? [tls.resumed ? `${tls.version} resumed` : tls.version] : []),
  ];
}

/** What FEAT tells, and what is usual. */
export function readFeatures(features: Features, client: Client, home: string): Capabilities {
  const storesAtomically = features.has(atomicStoreFeature);
  const { socket } = client.ftp;
  return {
    features: describeFeatures(features),
    storesAtomically,
    inline: storesAtomically && features.has(inlineFeature),
    root: home.endsWith('/') ? home : `${home}/`,
    size: features.has('SIZE'),
    facts: features.has('MLST'),
    restart: features.has('REST'),
    // In the original RFC 959 and so not in FEAT: taken for granted until it was tried.
    rename: true,
    renameReplaces: storesAtomically,
    setTime: features.has('MFMT'),
    digests: [...features.keys()].filter((name) => /^(HASH|MD5|X(CRC|MD5|SHA\d*))$/.test(name)),
    tls:
      socket instanceof TLSSocket
        ? { version: socket.getProtocol() ?? 'TLS', resumed: storesAtomically }
        : undefined,
    unproven: undefined,
  };
}

async function tryOut(client: Client, told: Capabilities, folder: string): Promise<Capabilities> {
  const path = `${told.root}${folder}/probe`;
  const renamed = `${path}.renamed`;
  const nonce = randomBytes(8).toString('hex');
  const content = Buffer.from(`SplitFTP finds out what this server can do: ${nonce}\n`);
  await client.sendIgnoringError(`MKD ${told.root}${folder}`); // If that failed for good, so does the upload.
  await removeAll(client, path, renamed);
  let resumed = false;
  const upload = () =>
    store(client, Readable.from([content], { objectMode: false }), path, {
      onConnected: (data) => {
        resumed = data instanceof TLSSocket && data.isSessionReused();
      },
    });
  const uploaded = await answered(upload());
  if (uploaded !== true) {
    await removeAll(client, path); // A full server keeps the file, without its bytes.
    return { ...told, unproven: uploaded };
  }
  const offset = content.length - 10;
  const size = await answered(
    client.send(`SIZE ${path}`),
    ({ message }) => message === `213 ${content.length}`,
  );
  const restart = await answered(retrieveBytes(client, path, offset), (end) =>
    end.equals(content.subarray(offset)),
  );
  const rename = await answered(client.rename(path, renamed));
  let renameReplaces = false;
  if (rename === true && (await answered(upload())) === true) {
    renameReplaces = (await answered(client.rename(path, renamed))) === true;
  }
  await removeAll(client, path, renamed);
  return {
    ...told,
    size: size === true,
    restart: restart === true,
    rename: rename === true,
    renameReplaces,
    tls: told.tls && { ...told.tls, resumed },
  };
}

async function removeAll(client: Client, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await client.sendIgnoringError(`DELE ${path}`);
}

/** Whether it worked; what the server replied otherwise. @throws what ends the connection */
async function answered<T>(
  work: Promise<T>,
  check: (result: T) => boolean = () => true,
): Promise<true | string> {
  try {
    return check(await work) ? true : 'another answer than it should be';
  } catch (error) {
    if (error instanceof FTPError) return error.message;
    throw error;
  }
}
