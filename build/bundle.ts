/** Bundles every program into `dist/`: one file each, CommonJS, for the Node inside VS Code (24). */
import { rm } from 'node:fs/promises';
import { type BuildOptions, build } from 'esbuild';

const minify = process.argv.includes('--minify');

/** In the programs that people start themselves, before anything is loaded that an older Node does not have. */
const nodeCheck = `
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('splitftp: this needs Node 24 or newer; here it runs on ' + process.versions.node + '.');
  process.exit(1);
}`;

const common = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify,
  sourcemap: !minify,
  logLevel: 'info',
} satisfies BuildOptions;

await rm('dist', { recursive: true, force: true });
await build({ ...common, entryPoints: { extension: 'src/extension/extension.ts' }, external: ['vscode'] });
await build({
  ...common,
  entryPoints: {
    coordinator: 'src/coordinator/main.ts',
    storage: 'src/storage/main.ts',
    cli: 'src/cli/main.ts',
  },
  external: ['dtrace-provider'], // bunyan's, optional, and native
  banner: { js: nodeCheck },
});
