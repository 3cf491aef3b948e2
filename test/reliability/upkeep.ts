import { setTimeout as delay } from 'node:timers/promises';
import { type Client, FTPError } from 'basic-ftp';
import { parseReports, type VerificationReport, verificationReport } from '../../src/site/reports.ts';

/** Has every block of every part below a path verified, and resolves when that is done. */
export async function verify(session: Client, path: string): Promise<VerificationReport | undefined> {
  let report = await ask(session, `SITE VERIFY ${path}`);
  while (report?.state === 'running') {
    await delay(20);
    report = await ask(session, `SITE VERIFY -status ${report.id}`);
  }
  return report;
}

async function ask(session: Client, command: string): Promise<VerificationReport | undefined> {
  try {
    const { message } = await session.send(command);
    return parseReports(verificationReport, message)[0];
  } catch (error) {
    if (error instanceof FTPError && error.code === 504) return undefined; // A coordinator without upkeep.
    throw error;
  }
}
