/**
 * Compiles the kernel of `src/erasure/` to WebAssembly and writes it as base64 into a module, so that neither the
 * programs nor their bundles have to find a file. Run it after a change of the kernel; a test compares the two.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = join(import.meta.dirname, '../src/erasure');
const target = join(folder, 'kernel-binaries.ts');

/** The module's text. */
export async function compileKernels(): Promise<string> {
  const simd = await compile(['--enable', 'simd'], 0);
  const relaxedSimd = await compile(['--enable', 'simd', '--enable', 'relaxed-simd'], 1);
  return `/** Made of kernel/kernel.ts by build/erasure-kernel.ts: WebAssembly in base64, the fastest first. */
export const kernelBinaries: readonly string[] = [
  '${relaxedSimd}',
  '${simd}',
];
`;
}

async function compile(features: readonly string[], relaxed: 0 | 1): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      'kernel/kernel.ts',
      '--outFile',
      'kernel.wasm',
      '-O3',
      ...['--runtime', 'stub', '--importMemory', '--noAssert'],
      ...['--use', `RELAXED=${relaxed}`],
      ...['--baseDir', folder],
      ...features,
    ],
    {
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error || !binary)
    throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error });
  return Buffer.from(binary).toString('base64');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(target, await compileKernels());
}
