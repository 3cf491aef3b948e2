/** The coordinator's memory does not grow with the file. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freePorts } from '../ports.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { LongContentCheck, longContent } from './long-content.ts';
import { patienceOfTests, Rig } from './rig.ts';

const mebibyte = 1024 * 1024;
const short = 100 * mebibyte;
const long = Number(process.env.SPLITFTP_MEMORY_MIB ?? 512) * mebibyte;
/** Resident bytes that two runs may differ by. */
const slack = 32 * mebibyte;

test.runIf(process.platform === 'linux').each(['2+0', '4+2'])(
  `the coordinator takes as much memory for ${long / mebibyte} MiB as for 100 MiB at %s`,
  { timeout: patienceOfTests },
  async (layout) => {
    const [dataParts = 2, parityParts = 0] = layout.split('+').map(Number);
    const rig = await Rig.start({ dataParts, parityParts, timeout: 60, direct: true });
    await rig.stopCoordinator();
    const [port = 0] = await freePorts(1);
    const coordinator = new CoordinatorProcess(rig, port, {});
    try {
      const session = await coordinator.session();
      const peakOf = async (bytes: number) => {
        await writeFile(`/proc/${coordinator.pid}/clear_refs`, '5'); // Forgets the peak so far (proc_pid_clear_refs(5)).
        await session.uploadFrom(longContent(bytes), '/file');
        const check = new LongContentCheck();
        await session.downloadTo(check, '/file');
        expect(check.bytes).toBe(bytes);
        await session.remove('/file');
        const status = await readFile(`/proc/${coordinator.pid}/status`, 'utf8');
        return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
      };
      await peakOf(short); // What the first transfer alone takes: compiled code, connections, buffers.
      const [low, high] = [await peakOf(short), await peakOf(long)];
      console.log(`${layout}: ${Math.round(low / mebibyte)} MiB, then ${Math.round(high / mebibyte)} MiB`);
      expect(high).toBeLessThan(low + slack);
      session.close();
    } finally {
      await coordinator.end();
      await rig.stop();
    }
  },
);
