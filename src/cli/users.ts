/** `splitftp user add | remove | list | passwd`: the accounts beside the owner's. */
import type { Command } from 'commander';
import { hashPassword } from '../accounts/password-hash.ts';
import { homeProblem, nameProblem } from '../accounts/user-rules.ts';
import { changeUsersFile, readUsersFile, type User } from '../accounts/users-file.ts';
import type { CoordinatorConfiguration } from '../config/configuration.ts';
import { coordinatorVariables } from '../config/variables.ts';
import { resolvePath } from '../ftp/virtual-path.ts';
import { formatTable } from './format.ts';
import { askNewPassword } from './password-prompt.ts';
import {
  addCommand,
  type CommonOptions,
  printJson,
  readConfiguration,
  remotePath,
  UsageError,
} from './session.ts';

interface AddOptions extends CommonOptions {
  readonly home?: string;
  readonly readOnly?: true;
}

export function addUserCommands(program: Command): void {
  const user = program
    .command('user')
    .description('add, remove and list the users of the coordinator; a running one knows at once');
  addCommand(user, 'add', 'add a user', [
    'user add ann',
    'user add guest --home /public --read-only',
    'user add robot < password.txt',
  ])
    .argument('<name>', 'what the user logs in with; case matters')
    .option('--home <folder>', 'folder that the user sees as / (default: /NAME); created at the first login')
    .option('--read-only', 'the user may read and list, and change nothing')
    .action(add);
  addCommand(user, 'remove', 'remove a user; the files stay, and sessions that are open go on', [
    'user remove ann',
  ])
    .argument('<name>')
    .action(remove);
  addCommand(user, 'passwd', "change a user's password", [
    'user passwd ann',
    'user passwd robot < password.txt',
  ])
    .argument('<name>')
    .action(changePassword);
  addCommand(user, 'list', 'list the users', ['user list', 'user list --json'])
    .option('--json', 'as JSON')
    .action(list);
}

async function add(name: string, options: AddOptions): Promise<void> {
  const { coordinator } = await readConfiguration(options);
  const home = resolvePath('/', remotePath(options.home ?? name));
  const problem = nameProblem(name) ?? homeProblem(home) ?? ownerProblem(name, coordinator);
  if (problem !== undefined) throw new UsageError(problem);
  const { usersFile } = coordinator;
  if ((await readUsersFile(usersFile)).some((user) => user.name === name)) throw existsAlready(name);
  const password = await hashPassword(await askNewPassword());
  await changeUsersFile(usersFile, (users) => {
    if (users.some((user) => user.name === name)) throw existsAlready(name);
    return [...users, { name, password, home, readOnly: options.readOnly === true }];
  });
  process.stdout.write(`${name} can log in and sees ${home} as /${options.readOnly ? ', read-only' : ''}\n`);
}

async function remove(name: string, options: CommonOptions): Promise<void> {
  const { coordinator } = await readConfiguration(options);
  await changeUsersFile(coordinator.usersFile, (users) => {
    const removed = existing(users, name, coordinator);
    return users.filter((user) => user !== removed);
  });
  process.stdout.write(`${name} was removed; the files stay\n`);
}

async function changePassword(name: string, options: CommonOptions): Promise<void> {
  const { coordinator } = await readConfiguration(options);
  existing(await readUsersFile(coordinator.usersFile), name, coordinator);
  const password = await hashPassword(await askNewPassword());
  await changeUsersFile(coordinator.usersFile, (users) => {
    const changed = existing(users, name, coordinator);
    return users.map((user) => (user === changed ? { ...user, password } : user));
  });
  process.stdout.write(`${name} has a new password\n`);
}

async function list(options: CommonOptions & { json?: true }): Promise<void> {
  const { coordinator } = await readConfiguration(options);
  const users = await readUsersFile(coordinator.usersFile);
  if (options.json) {
    printJson(users.map(({ name, home, readOnly }) => ({ name, home, readOnly })));
    return;
  }
  const rows = users.map(({ name, home, readOnly }) => [name, home, readOnly ? 'read-only' : '']);
  process.stdout.write(
    formatTable(
      ['USER', 'HOME', ''],
      [[coordinator.account.user, '/', `owner (${coordinatorVariables.user})`], ...rows],
    ),
  );
}

function existing(users: readonly User[], name: string, coordinator: CoordinatorConfiguration): User {
  const user = users.find((each) => each.name === name);
  if (user) return user;
  throw new UsageError(
    ownerProblem(name, coordinator) ?? `There is no user ${name}; "splitftp user list" shows all.`,
  );
}

function ownerProblem(name: string, { account }: CoordinatorConfiguration): string | undefined {
  if (name !== account.user) return undefined;
  return `${name} is the owner, whom ${coordinatorVariables.user} and ${coordinatorVariables.password} set.`;
}

function existsAlready(name: string): UsageError {
  return new UsageError(
    `There is a user ${name} already; "splitftp user passwd ${name}" changes the password.`,
  );
}
