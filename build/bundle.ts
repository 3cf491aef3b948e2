/** Bundles every program into `dist/`: one file each, CommonJS, for the Node inside VS Code (24). */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const minify = process.argv.includes('--minify');

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    extension: 'src/extension/extension.ts',
    coordinator: 'src/coordinator/main.ts',
    storage: 'src/storage/main.ts',
    cli: 'src/cli/main.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  external: ['vscode', 'dtrace-provider'],
  minify,
  sourcemap: !minify,
  logLevel: 'info',
});
