import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { isPasswordHash } from './password-hash.ts';
import { homeProblem, nameProblem } from './user-rules.ts';

/** An account beside the owner's, as it is stored. */
export interface User {
  readonly name: string;
  /** A string of `hashPassword`. */
  readonly password: string;
  /** The folder of the pool that the user sees as `/`; absolute. */
  readonly home: string;
  readonly readOnly: boolean;
}

/** The users file is not what it should be. The message names the file and the remedy, and never shows a hash. */
export class UsersFileError extends Error {
  override readonly name = 'UsersFileError';
}

const schema = v.strictObject({
  version: v.literal(1),
  users: v.array(
    v.strictObject({
      name: v.pipe(
        v.string(),
        v.check((name) => nameProblem(name) === undefined, 'is not a user name'),
      ),
      password: v.pipe(v.string(), v.check(isPasswordHash, 'is not a stored password')),
      home: v.pipe(
        v.string(),
        v.check((home) => homeProblem(home) === undefined, 'is not an absolute folder'),
      ),
      readOnly: v.boolean(),
    }),
  ),
});

/**
 * The users of a file, in its order; none when there is no such file.
 * @throws UsersFileError
 */
export async function readUsersFile(path: string): Promise<readonly User[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return [];
    throw new UsersFileError(
      `${path} cannot be read (${code}): make it a file that this user may read, or set FTP_USERS_FILE to one.`,
      { cause: error },
    );
  }
  return parseUsers(text, path);
}

function parseUsers(text: string, path: string): readonly User[] {
  const remedy = 'Correct it, restore it from a backup, or remove it and add the users again.';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw new UsersFileError(`${path} is not JSON. ${remedy}`);
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = v.getDotPath(issue) ?? 'the whole of it';
    throw new UsersFileError(`${path}: ${where} ${describe(issue)}. ${remedy}`);
  }
  const { users } = parsed.output;
  const twice = users.find((user, index) => users.findIndex(({ name }) => name === user.name) !== index);
  if (twice) throw new UsersFileError(`${path} holds the user ${twice.name} twice. ${remedy}`);
  return users;
}

function describe({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (type === 'check') return message;
  if (received === 'undefined') return 'is missing';
  return expected === 'never' ? 'should not be there' : `should be ${expected}`;
}

/**
 * Changes the file in one step: whoever reads it meanwhile sees the old or the new one, whole, and two changes at once
 * cannot undo each other. It is readable for its owner only.
 * @param change gives the new users, or throws to leave the file as it is
 * @throws UsersFileError
 */
export async function changeUsersFile(
  path: string,
  change: (users: readonly User[]) => readonly User[] | Promise<readonly User[]>,
): Promise<void> {
  const draft = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    const code = codeOf(error);
    throw new UsersFileError(
      code === 'EEXIST'
        ? `${draft} exists: another command is changing the users. If none is, remove that file.`
        : `${draft} cannot be written (${code}): make its folder writable, or set FTP_USERS_FILE to another file.`,
      { cause: error },
    );
  });
  try {
    try {
      const users = await change(await readUsersFile(path));
      await file.writeFile(`${JSON.stringify({ version: 1, users }, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
