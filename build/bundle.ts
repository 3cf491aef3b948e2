/**
 * Bundles every program into `dist/`, for the Node inside VS Code (24): the extension as the CommonJS file that VS
 * Code loads, with what it needs later in files of their own, and the script of its pool map; the command and the servers as modules in `dist/programs/` that share their code, each behind a small file
 * of its name.
 */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type OutputFile, type Plugin, transform } from 'esbuild';
import { extensionPage } from './extension-page.ts';

const root = resolve(import.meta.dirname, '..');
const minify = process.argv.includes('--minify');

/** Programs ask the manifest for the version, and need not carry the rest of it. */
const manifestVersion: Plugin = {
  name: 'manifest version',
  setup({ onLoad }) {
    const manifest = join(root, 'package.json');
    onLoad({ filter: /package\.json$/ }, async ({ path }) => {
      if (path !== manifest) return undefined;
      const { version }: { version: string } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/**
 * VS Code's module, taken once. esbuild would copy all its names into each file that imports it: hundreds of them into
 * dozens of files, which was half of the time that the extension took to be loaded.
 */
const vscodeOnce: Plugin = {
  name: 'vscode once',
  setup({ onResolve, onLoad }) {
    const namespace = 'vscode-once';
    onResolve({ filter: /^vscode$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace },
    );
    onLoad({ filter: /^vscode$/, namespace }, async () => {
      const folder = join(root, 'src/extension');
      const names = new Set<string>();
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
        for (const [, name = ''] of text.matchAll(/\bvscode\.(\w+)/g)) names.add(name);
        for (const [, named = ''] of text.matchAll(/^import \{([^}]*)\} from 'vscode';$/gm)) {
          for (const [name] of named.matchAll(/\w+/g)) names.add(name);
        }
      }
      const exported = [...names].map((name) => `${name} = vscode.${name}`);
      return { contents: `const vscode = require('vscode');\nexport const ${exported.join(', ')};` };
    });
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  minify,
  sourcemap: !minify,
  logLevel: 'info',
  plugins: [manifestVersion],
} satisfies BuildOptions;

/** esbuild divides ES modules only, and VS Code loads a CommonJS one: so each part becomes one when it is divided. */
async function writeCommonJs({ path, text }: OutputFile): Promise<void> {
  if (path.endsWith('.map')) return writeFile(path, text);
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: common.target,
    minify,
    // VS Code gives its own module to `require`.
    supported: { 'dynamic-import': false },
  });
  await writeFile(path, code);
}

/** Runs before anything is loaded that an older Node does not have, in words that it understands. */
const start = (program: string) => `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error('splitftp: this needs Node 24 or newer; here it runs on ' + process.versions.node + '.');
  process.exit(1);
}
import('./programs/${program}.mjs');
`;

await rm('dist', { recursive: true, force: true });
const { outputFiles } = await build({
  ...common,
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  chunkNames: 'extension-[name]-[hash]',
  entryPoints: { extension: 'src/extension/extension.ts' },
  plugins: [manifestVersion, vscodeOnce],
  // A name that was not found above would be undefined.
  logOverride: { 'import-is-undefined': 'error' },
  write: false,
});
await mkdir('dist');
await writeFile('dist/extension-page.md', extensionPage(await readFile('README.md', 'utf8')));
await Promise.all(outputFiles.map(writeCommonJs));
await build({
  ...common,
  outdir: 'dist',
  platform: 'browser',
  target: 'chrome138',
  format: 'iife',
  entryPoints: { 'pool-map': 'src/pool-map-page/page.ts' },
});
await build({
  ...common,
  outdir: 'dist/programs',
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  splitting: true,
  entryPoints: {
    coordinator: 'src/coordinator/main.ts',
    storage: 'src/storage/main.ts',
    cli: 'src/cli/main.ts',
  },
  external: ['dtrace-provider', 'mv'], // bunyan's, optional: it writes to no file here
  // CommonJS packages among the modules ask for Node's own by it.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
for (const program of ['coordinator', 'storage', 'cli']) {
  await writeFile(`dist/${program}.js`, start(program));
  await chmod(`dist/${program}.js`, 0o755);
}
