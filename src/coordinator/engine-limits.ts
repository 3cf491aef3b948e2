import type { CoordinatorLimits } from '../config/limits.ts';
import type { Limits } from '../ftp/limits.ts';

/** The engine's words for what is configured; what is not keeps the engine's default. */
export function engineLimits(limits: CoordinatorLimits): Partial<Limits> {
  const { connections, connectionsPerAddress, transfers, loginSeconds, idleSeconds, stallSeconds } = limits;
  return {
    ...(connections !== undefined && { connections }),
    ...(connectionsPerAddress !== undefined && { connectionsPerAddress }),
    ...(transfers !== undefined && { transfers }),
    ...(loginSeconds !== undefined && { loginMs: loginSeconds * 1000 }),
    ...(idleSeconds !== undefined && { idleMs: idleSeconds * 1000 }),
    ...(stallSeconds !== undefined && { stallMs: stallSeconds * 1000 }),
  };
}
