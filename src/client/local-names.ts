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
