/**
 * One transfer of bytes that exist nowhere but in memory, so that only servers are measured:
 * `load.ts up|down PORT USER PATH BYTES [FINGERPRINT]`, the password in LOAD_PASSWORD. With the fingerprint of the
 * server's certificate it goes over TLS. Prints the seconds it took.
 */
import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { accessTrusted, type SecureServer } from '../../src/tls/trust.ts';

const [direction, port, user = '', path = '', bytes, fingerprint] = process.argv.slice(2);
const size = Number(bytes);
const chunk = Buffer.alloc(256 * 1024, 'SplitFTP');

function* content() {
  for (let rest = size; rest > 0; rest -= chunk.length)
    yield rest < chunk.length ? chunk.subarray(0, rest) : chunk;
}

const client = new Client(0);
const server: SecureServer = {
  host: '127.0.0.1',
  port: Number(port),
  account: { user, password: process.env.LOAD_PASSWORD ?? '' },
  tls: fingerprint === undefined ? { mode: 'off' } : { mode: 'explicit', fingerprint },
};
await accessTrusted(client, server, 'the last argument');
if (direction === 'up') await client.send(`SITE EXPECT ${size}`); // as the split client does
const start = performance.now();
if (direction === 'up') {
  await client.uploadFrom(Readable.from(content(), { objectMode: false }), path);
} else {
  let received = 0;
  const sink = new Writable({
    highWaterMark: 1024 * 1024,
    write(piece: Buffer, _encoding, done) {
      received += piece.length;
      done();
    },
  });
  await client.downloadTo(sink, path);
  if (received !== size) throw new Error(`${received} of ${size} bytes arrived`);
}
console.log((performance.now() - start) / 1000);
client.close();
