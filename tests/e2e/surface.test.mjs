// The command line as it is promised, as it is built, as the pages tell it, as the shells complete it,
// and as tests run it: five lists of the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'node:test';

import { nufidPath, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const limits = '--budget --budget-period --token-limit --token-limit-period';
const keyOptions = `--name --project --group ${limits} --rpm --tpm --max-parallel --model --ip --expires --enforce --trace`;
const upstreamOptions =
  '--url --key-env --key-file --key-stdin --key-command --no-key --model --alias --priority --weight --group --header --free --max-connections --ca-file';

/// What scripts outside this repository rely on: it may grow, and nothing may go.
const promised = {
  up: '',
  down: '',
  restart: '',
  status: '--json',
  doctor: '--json',
  'keys create': `${keyOptions} --env --copy --quiet --json`,
  'keys list': '--all --archived --project --quiet --json',
  'keys show': '--json',
  'keys edit': `${keyOptions} --json`,
  'keys disable': '--json',
  'keys enable': '--json',
  'keys rotate': '--overlap --env --copy --quiet --json',
  'keys revoke': '--all --yes --json',
  'keys archive': '--json',
  'keys unarchive': '--json',
  'keys delete': '--yes --json',
  run: '--budget --key --json-report',
  usage: '--days --by --key --csv --since --until --json',
  requests: '--last --key --model --status --since --follow --json',
  'traces show': '--json',
  'traces on': '--key',
  'traces off': '--key',
  'traces errors': '--key',
  profile: '--json',
  'profile set': '--name --email --json',
  'accounts list': '--json',
  'accounts show': '--json',
  'accounts edit': `${limits} --json`,
  'projects create': '--json',
  'projects list': '--json',
  'projects show': '--json',
  'projects edit': '--json',
  'projects delete': '--yes',
  'groups create': '--multiplier --model --rpm --tpm --upstream --json',
  'groups list': '--json',
  'groups show': '--json',
  'groups edit': '--multiplier --model --rpm --tpm --upstream --json',
  'groups delete': '--yes',
  'upstreams add': `--preset ${upstreamOptions} --json`,
  'upstreams list': '--json',
  'upstreams show': '--json',
  'upstreams edit': `${upstreamOptions} --json`,
  'upstreams test': '--json',
  'upstreams remove': '--yes',
  'upstreams discover': '--json',
  models: '--json',
  'prices list': '--json',
  'prices set':
    '--input --output --cached-input --cache-write --reasoning --audio-input --audio-output --image-input --image-output --per-request --per-image --per-second --per-character --above --free',
  'prices unset': '',
  'prices import': '--yes --json',
  check: '--key --model --tokens --json',
  'tokens create': '--json',
  'tokens list': '--json',
  'tokens revoke': '--yes',
  console: '--print',
  'config get': '--json',
  'config set': '',
  'config list': '--json',
  backup: '',
  'ledger verify': '--json',
  reprice: '--since --yes --json',
  audit: '--json',
  completion: '',
};

/// Taken by every command, and told once in nufi(1).
const common = new Set(['--help', '--json', '--quiet']);
const list = (text) => text.split(' ').filter(Boolean);
const longNames = (option) => option.names.filter((name) => name.startsWith('--'));

/// The options of each command as its page tells them: Map of command → Map of option → what is said.
function told() {
  const pages = new Map();
  const folder = path.join(root, 'man');
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.1'))) {
    let commands = [];
    let options = [];
    for (const line of fs.readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      const heading = /^\.S([hs]) (.*)/.exec(line);
      if (heading) {
        commands = heading[1] === 's' ? heading[2].split(', ') : [];
        if (name === 'nufi.1') commands = heading[2] === 'OPTIONS' ? [''] : [];
        for (const command of commands) pages.set(command, new Map());
        options = [];
      } else if (line.startsWith('.It Fl ')) {
        options = [...line.matchAll(/Fl (-[a-z-]+)/g)].map(([, option]) => `-${option}`);
        for (const command of commands) options.forEach((option) => pages.get(command).set(option, ''));
      } else {
        for (const page of commands.map((command) => pages.get(command))) {
          for (const option of options) page.set(option, `${page.get(option)} ${line}`);
        }
      }
    }
  }
  return pages;
}

/// The command lines that tests run, as text: what follows a command's words up to the end of it.
function linesOfTests() {
  const texts = [];
  for (const folder of ['tests/e2e', 'tests/e2e/support', 'tests/cli', 'tests/packaging']) {
    const whole = path.join(root, folder);
    for (const name of fs.readdirSync(whole)) {
      if (!/\.(mjs|cpp)$/.test(name) || name === path.basename(import.meta.filename)) continue;
      texts.push(fs.readFileSync(path.join(whole, name), 'utf8'));
    }
  }
  return texts;
}
function isRun(texts, command, option) {
  const between = `['"\`,\\s]+`;
  const words = command.split(' ').join(between);
  const line = new RegExp(`['"\`\\s]${words}(?=['"\`\\s])(?:[^;\\]}]|\\$\\{[^}]*\\}){0,900}`, 'g');
  const wanted = option && new RegExp(`['"\`\\s]${option}(?![a-z-])`);
  return texts.some((text) => [...text.matchAll(line)].some(([found]) => !wanted || wanted.test(found)));
}

describe('the command line', () => {
  const h = house();
  let tree;
  let leaves;
  before(async () => {
    const out = JSON.parse(await h.daemon.ok(['__complete', '--tree']));
    tree = new Map(out.commands.map((command) => [command.path, command]));
    leaves = out.commands.filter((command) => command.path && !command.needs_verb);
  });
  const own = (command) => command.options.flatMap(longNames).filter((name) => !common.has(name));

  it('has every command and option that is promised', () => {
    const missing = [];
    for (const [command, options] of Object.entries(promised)) {
      const names = tree.get(command)?.options.flatMap(longNames);
      if (!names) missing.push(command);
      for (const option of list(options)) {
        if (names && !names.includes(option)) missing.push(`${command} ${option}`);
      }
    }
    assert.deepEqual(missing, []);
  });

  it('is told whole in the pages, and nothing that is not there', () => {
    const pages = told();
    const missing = [];
    for (const command of leaves) {
      if (!pages.has(command.path)) missing.push(command.path);
      for (const option of own(command)) {
        if (!pages.get(command.path)?.has(option)) missing.push(`${command.path} ${option}`);
      }
    }
    for (const option of tree.get('').options.flatMap(longNames)) {
      if (!pages.get('').has(option)) missing.push(option);
    }
    assert.deepEqual(missing, [], 'not in any page');
    const headings = fs
      .readdirSync(path.join(root, 'man'))
      .filter((file) => /^nufi-.*\.1$/.test(file))
      .flatMap((file) => [...fs.readFileSync(path.join(root, 'man', file), 'utf8').matchAll(/^\.Ss (.*)/gm)])
      .map(([, heading]) => heading.split(', '));
    const unknown = [];
    for (const commands of headings) {
      const known = new Set(commands.flatMap((name) => tree.get(name)?.options.flatMap(longNames) ?? []));
      for (const name of commands) {
        if (!tree.has(name)) unknown.push(name);
        for (const option of pages.get(name)?.keys() ?? []) {
          if (!known.has(option)) unknown.push(`${name} ${option}`);
        }
      }
    }
    assert.deepEqual(unknown, [], 'only in a page');
  });

  it('has words for the values of options that the pages tell as they are typed', () => {
    const pages = told();
    const missing = [];
    for (const command of leaves) {
      for (const option of command.options.filter((one) => longNames(one).length && one.words.length)) {
        const said = pages.get(command.path).get(longNames(option)[0]).split(/[ ,.]+/);
        for (const word of option.words) {
          if (!said.includes(word)) missing.push(`${command.path} ${longNames(option)[0]} ${word}`);
        }
      }
    }
    assert.deepEqual(missing, []);
  });

  it('opens its examples in the pages with what it takes', () => {
    const wrong = [];
    for (const name of fs.readdirSync(path.join(root, 'man')).filter((file) => file.endsWith('.1'))) {
      const text = fs.readFileSync(path.join(root, 'man', name), 'utf8');
      for (const [, line] of text.matchAll(/^\.Dl (?:.*[ (|])?(nufi .*)$/gm)) {
        const mine = line
          .replace(/ -- .*/, '')
          .replace(/\).*/, '')
          .split(' ')
          .slice(1);
        const path = [mine.slice(0, 2).join(' '), mine[0]].find((words) => tree.has(words));
        const known = new Set(tree.get(path)?.options.flatMap((option) => option.names) ?? []);
        if (!path) wrong.push(line);
        for (const word of mine) {
          if (/^--?[a-z]/.test(word) && !known.has(word.replace(/=.*/, ''))) wrong.push(`${line}: ${word}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('is completed whole', async () => {
    const missing = [];
    const offered = async (words) => {
      const { stdout } = await h.daemon.nufi(['__complete', '--', ...words]);
      return new Map(
        stdout
          .split('\n')
          .slice(1)
          .map((line) => line.split('\t')),
      );
    };
    await Promise.all(
      [...tree.values()].map(async (command) => {
        const words = command.path.split(' ').filter(Boolean);
        const options = await offered([...words, '--']);
        for (const option of command.options.flatMap(longNames)) {
          if (!options.get(option)) missing.push(`${command.path} ${option} with its meaning`);
        }
        if (!words.length) return;
        const verbs = await offered([...words.slice(0, -1), '']);
        if (!verbs.get(words.at(-1))) missing.push(command.path);
      }),
    );
    assert.deepEqual(missing, []);
  });

  it('is run by a test with each of its options', () => {
    const texts = linesOfTests();
    const missing = [];
    for (const command of leaves) {
      if (!isRun(texts, command.path)) missing.push(command.path);
      for (const option of own(command)) {
        if (!isRun(texts, command.path, option)) missing.push(`${command.path} ${option}`);
      }
    }
    assert.deepEqual(missing, []);
  });

  it('has settings that nufi-config(1) tells with their defaults', async () => {
    const page = fs.readFileSync(path.join(root, 'man/nufi-config.1'), 'utf8');
    const { data } = await h.daemon.json(['config', 'list']);
    const real = data.map((setting) => `${setting.name} ${setting.default ?? 'none'}`);
    const told = [...page.matchAll(/^\.It Cm (\w+) No \(default (\S+)\)$/gm)].map(([, name, value]) => `${name} ${value}`);
    assert.deepEqual(told, real);
  });

  it('ends with each of its exit codes, which nufi(1) lists', async () => {
    const page = fs.readFileSync(path.join(root, 'man/nufi.1'), 'utf8');
    const codes = [...page.matchAll(/^\.It (\d)$/gm)].map(([, code]) => Number(code));
    assert.deepEqual(codes, [0, 1, 2, 3, 4, 5, 6]);

    const socket = path.join(h.daemon.home, 'refuses.sock');
    const refuses = http.createServer((request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'only for admins', code: 'not_permitted' } }));
    });
    await new Promise((resolve) => refuses.listen(socket, resolve));
    try {
      await h.daemon.key({ name: 'taken', budget: 0.000001 });
      const ends = [
        [0, ['models']],
        [1, ['projects', 'create', 'default']],
        [2, ['keys', 'lst']],
        [2, ['keys', 'revoke', 'taken']],
        [3, ['keys', 'show', 'nobody']],
        [4, ['--socket', socket, 'audit']],
        [5, ['--socket', `${socket}.gone`, 'keys', 'list']],
        [6, ['check', '--key', 'taken', '--model', 'test-model', '--tokens', '8000']],
      ];
      for (const [code, args] of ends) {
        const result = await h.daemon.nufi(args);
        assert.equal(result.code, code, `nufi ${args.join(' ')}\n${result.stdout}${result.stderr}`);
      }
    } finally {
      refuses.close();
    }
  });
});

describe('the pages', () => {
  const pages = fs
    .readdirSync(path.join(root, 'man'))
    .filter((file) => /\.[158]$/.test(file))
    .map((file) => path.join(root, 'man', file));
  const text = (file) => fs.readFileSync(path.join(root, 'man', file), 'utf8');

  it('are clean, and lead to pages that are there', () => {
    const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...pages], { encoding: 'utf8' });
    assert.equal(lint.status, 0, lint.stdout + lint.stderr);
    for (const file of pages) {
      const page = fs.readFileSync(file, 'utf8');
      const names = [...page.matchAll(/^\.Xr (nufi\S*) (\d)/gm)].map(([, name, section]) => `${name}.${section}`);
      for (const name of names) assert.ok(fs.existsSync(path.join(root, 'man', name)), `${file}: ${name}`);
    }
  });

  it('are installed, each of them', () => {
    const rules = text('CMakeLists.txt');
    for (const file of pages) {
      const name = path.basename(file);
      const word = /^nufi-(.*)\.1$/.exec(name)?.[1] ?? name;
      assert.match(rules, new RegExp(`(^|[\\s(])${word.replaceAll('.', '\\.')}([\\s)]|$)`, 'm'), name);
    }
  });

  it('can be read at 80 columns', () => {
    const wide = [];
    for (const file of pages) {
      const { stdout } = spawnSync('mandoc', ['-T', 'ascii', '-O', 'width=78', file], {
        encoding: 'utf8',
        cwd: path.join(root),
      });
      for (const line of stdout.replace(/.\x08/g, '').split('\n')) {
        if (line.length > 80) wide.push(`${path.basename(file)}: ${line}`);
      }
    }
    assert.deepEqual(wide, []);
  });

  it('tell every flag of nufid with its default, and every name of its file', async () => {
    const { stdout } = await run(nufidPath, ['--help'], { env: { HOME: '/nonexistent', PATH: process.env.PATH } });
    const flags = [...stdout.matchAll(/^ {2}(?:-h,)?--([a-z-]+)(?: \S+?)?(?:=(\S+))?(?= |$)/gm)];
    assert.ok(flags.length > 20, stdout);
    const onlyFlags = new Set(['help', 'version', 'config', 'check-config', 'restore']);
    const entry = (page, start) => {
      const from = page.indexOf(start);
      assert.notEqual(from, -1, start);
      return page.slice(from, page.indexOf('\n.It ', from + 1));
    };
    for (const [, flag, fallback] of flags) {
      const told = entry(text('nufid.8'), flag === 'help' ? '.It Fl h , Fl -help' : `.It Fl -${flag}`);
      const inFile = onlyFlags.has(flag) ? undefined : entry(text('nufid.toml.5'), `.It Cm ${flag}\n`);
      if (!fallback || flag === 'config') continue;
      for (const part of [told, inFile]) assert.ok(part.includes(`default is\n.Cm ${fallback} .`), part);
    }
    for (const [, flag] of text('nufid.8').matchAll(/^\.It Fl (?:h , Fl )?-([a-z-]+)/gm)) {
      assert.ok(stdout.includes(`--${flag}`), flag);
    }
  });

  it('have an example of the file that nufid takes', async () => {
    const example = /^\.Bd -literal.*\n([\s\S]*?)^\.Ed$/m.exec(text('nufid.toml.5'))[1];
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-page-'));
    try {
      const file = path.join(folder, 'nufid.toml');
      fs.writeFileSync(file, example, { mode: 0o600 });
      const env = { HOME: folder, PATH: process.env.PATH, XDG_RUNTIME_DIR: folder };
      const result = await run(nufidPath, ['--check-config', '--config', file], { env });
      assert.equal(result.code, 0, result.stdout + result.stderr);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
