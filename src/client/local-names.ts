/**
 * Why a name from a server cannot be a name in a local folder; undefined when it can. A name that is more than
 * a name (`..`, `a/b`) would lead out of the folder.
 */
export function localNameProblem(
  name: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    return `"${name}" cannot be the name of a local file`;
  }
  if (platform !== 'win32') return undefined;
  const character = /[<>:"\\|?*\p{Cc}]/u.exec(name)?.[0];
  if (character !== undefined) return `Windows does not allow ${JSON.stringify(character)} in names`;
  if (/[. ]$/.test(name)) return 'Windows does not allow names that end in a dot or a space';
  if (/^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i.test(name)) {
    return `Windows reserves the name "${name}"`;
  }
  return undefined;
}

/** The names in one local folder: there some are the same that are two on a server. */
export class LocalNames {
  readonly #platform: NodeJS.Platform;
  /** By what the file system compares. */
  readonly #taken = new Map<string, string>();

  constructor(platform: NodeJS.Platform = process.platform) {
    this.#platform = platform;
  }

  /** Takes a further name. @returns why it cannot be had; undefined when it can */
  take(name: string): string | undefined {
    const problem = localNameProblem(name, this.#platform);
    // The usual file systems of others tell every name from every other one.
    const ignoresCase = this.#platform === 'win32' || this.#platform === 'darwin';
    if (problem !== undefined || !ignoresCase) return problem;
    const compared = name.normalize('NFC').toLowerCase();
    const other = this.#taken.get(compared);
    if (other !== undefined) return `"${other}" lies there already, and is the same name on this computer`;
    this.#taken.set(compared, name);
    return undefined;
  }
}
