// The completions in the real shells: what a person gets who presses Tab.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { nufiPath, patience, run, short } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { Shell } from './support/shells.mjs';

/// Names that a shell would act on if they came into a line as they are. `touched` would be a file.
const hostile = {
  odd: `it's "q" $x`,
  substitution: 'pay$(touch touched)',
  backticks: 'tick`touch touched`',
  list: 'semi;touch touched',
  history: 'hey!touch',
  pattern: 'glob* [a]',
};

describe('completion', () => {
  const h = house();
  before(async () => {
    for (const name of ['laptop', 'my key', 'team:ci', '-dash', ...Object.values(hostile)]) {
      await h.daemon.ok(['keys', 'create', `--name=${name}`]);
    }
    await h.daemon.ok(['keys', 'disable', 'team:ci']);
    await h.daemon.ok(['groups', 'create', 'gold']);
    const folder = path.join(h.daemon.home, 'files');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'prices of today.json'), '');
  });

  const shells = [];
  async function open(name, how = {}) {
    const shell = await Shell.open(name, { env: h.daemon.env, home: h.daemon.home, cwd: h.daemon.home, ...how });
    shells.push(shell);
    return shell;
  }
  after(() => Promise.all(shells.map((shell) => shell.end())));
  const bashCompletion = '. /usr/share/bash-completion/bash_completion';

  /// Lines, and what they are after Tab; ‸ is the cursor. The same in every shell.
  const everywhere = {
    'nufi keys sh': 'nufi keys show ',
    'nufi upstreams show ': 'nufi upstreams show mock ',
    'nufi keys enable ': 'nufi keys enable team:ci ',
    'nufi usage --key=la': 'nufi usage --key=laptop ',
    'nufi usage --key la': 'nufi usage --key laptop ',
    'nufi usage --by mod': 'nufi usage --by model ',
    'nufi usage --by=mod': 'nufi usage --by=model ',
    'nufi keys create --enforce str': 'nufi keys create --enforce strict ',
    'nufi keys list --arch': 'nufi keys list --archived ',
    'nufi keys edit laptop --group g': 'nufi keys edit laptop --group gold ',
    'nufi config set on_disconnect dr': 'nufi config set on_disconnect drain ',
    'nufi help keys rev': 'nufi help keys revoke ',
    'nufi status; nufi keys show la': 'nufi status; nufi keys show laptop ',
    // Words with blanks and quotes.
    'nufi keys show my': 'nufi keys show my\\ key ',
    'nufi keys show my\\ k': 'nufi keys show my\\ key ',
    'nufi keys show "my k': 'nufi keys show "my key" ',
    'nufi usage --key=my': 'nufi usage --key=my\\ key ',
    'nufi usage "--key=my': 'nufi usage "--key=my key" ',
    "nufi usage '--key=my": "nufi usage '--key=my key' ",
    'nufi keys show team:c': 'nufi keys show team:ci ',
    'nufi keys show -- -d': 'nufi keys show -- -dash ',
    'nufi usage --key=-d': 'nufi usage --key=-dash ',
    // What would be run or replaced, were it not quoted.
    'nufi keys show pay': 'nufi keys show pay\\$\\(touch\\ touched\\) ',
    "nufi keys show 'pay": "nufi keys show 'pay$(touch touched)' ",
    'nufi keys show "pay': 'nufi keys show "pay\\$(touch touched)" ',
    'nufi usage --key=pay': 'nufi usage --key=pay\\$\\(touch\\ touched\\) ',
    'nufi keys show semi': 'nufi keys show semi\\;touch\\ touched ',
    "nufi keys show 'tick": "nufi keys show 'tick`touch touched`' ",
    "nufi keys show 'it": `nufi keys show 'it'\\''s "q" $x' `,
    // Files and other commands are the shell's.
    'nufi prices import files/pr': 'nufi prices import files/prices\\ of\\ today.json ',
    'nufi prices import "files/pr': 'nufi prices import "files/prices of today.json" ',
    'nufi backup ~/fil': 'nufi backup ~/files/',
    'nufi --socket=files/pr': 'nufi --socket=files/prices\\ of\\ today.json ',
    'nufi upstreams add x --key-env=XDG_R': 'nufi upstreams add x --key-env=XDG_RUNTIME_DIR ',
    'nufi run --budget 1 -- cat files/pr': 'nufi run --budget 1 -- cat files/prices\\ of\\ today.json ',
    // What stands in the line already is not run to find completions.
    'nufi keys show "$(touch touched)" --js': 'nufi keys show "$(touch touched)" --json ',
  };

  // bash and zsh write what a shell would take for its own alike.
  const withBackslashes = {
    ...everywhere,
    'nufi keys show it': `nufi keys show it\\'s\\ \\"q\\"\\ \\$x `,
    'nufi keys show "it': 'nufi keys show "it\'s \\"q\\" \\$x" ',
    'nufi keys show tick': 'nufi keys show tick\\`touch\\ touched\\` ',
    'nufi keys show "tick': 'nufi keys show "tick\\`touch touched\\`" ',
    'nufi keys show hey': 'nufi keys show hey\\!touch ',
    'nufi keys show glob': 'nufi keys show glob\\*\\ \\[a\\] ',
  };

  const inBash = {
    ...withBackslashes,
    'nufi keys show "hey': 'nufi keys show "hey"\\!"touch" ',
    'nufi usage --key="my': 'nufi usage --key="my key" ',
    'nufi upstreams add x --key-env XDG_R': 'nufi upstreams add x --key-env XDG_RUNTIME_DIR ',
    // Bash completes what is before the cursor and leaves what is after it.
    'nufi keys sh‸ la': 'nufi keys show la',
    'nufi keys show la‸ --json': 'nufi keys show laptop --json',
  };
  const inZsh = {
    ...withBackslashes,
    'nufi usage --key="my': 'nufi usage --key=my\\ key ',
    'nufi usage --key="my‸"': 'nufi usage --key=my\\ key ',
    'nufi keys sh‸ la': 'nufi keys show  la',
    'nufi keys show la‸ --json': 'nufi keys show laptop  --json',
    'sudo nufi keys show la': 'sudo nufi keys show laptop ',
    'nufi run -- nufi keys sh': 'nufi run -- nufi keys show ',
  };
  const inFish = {
    ...everywhere,
    'nufi keys show it': `nufi keys show it\\'s\\ \\"q\\"\\ \\$x `,
    'nufi keys show "it': 'nufi keys show "it\'s \\"q\\" \\$x" ',
    'nufi keys show tick': 'nufi keys show tick`touch\\ touched` ', // no quotes in fish
    "nufi keys show 'it": `nufi keys show 'it\\'s "q" $x' `,
    'nufi keys show hey': 'nufi keys show hey!touch ',
    'nufi keys show glob': 'nufi keys show glob\\*\\ \\[a\\] ',
    'nufi usage --key="my': 'nufi usage --key="my key" ',
    'nufi keys sh‸ la': 'nufi keys show la',
    'nufi keys show la‸ --json': 'nufi keys show laptop --json',
    'nufi keys show la‸top': 'nufi keys show laptop ',
  };

  /// Lines after which nothing is decided: what is listed below them.
  const listed = {
    'nufi ': [/\bup\b/, /\busage\b/, /\bhelp\b/],
    'nufi keys show ': [/\blaptop\b/, /my\\? key/, /pay\\?\$\\?\(touch/],
    'nufi usage --by ': [/\bmodel\b/, /\bproject\b/, /\bday\b/],
    'nufi usage --by=': [/\bmodel\b/, /\bproject\b/, /\bday\b/],
    'nufi config set on_disconnect ': [/\bcancel\b/, /\bdrain\b/],
    'nufi completion ': [/\bbash\b/, /\bzsh\b/, /\bfish\b/],
  };

  async function check(shell, lines) {
    for (const [line, expected] of Object.entries(lines)) {
      // Completions give up on a nufid that is busy for long: then once more.
      const found = await shell.tab(line);
      assert.equal(found === line ? await shell.tab(line) : found, expected, line);
    }
    for (const [line, words] of Object.entries(listed)) {
      const shown = await shell.list(line, words);
      // A name that would be taken for an option is not among them.
      assert.doesNotMatch(shown, /-dash/, line);
    }
    assert.ok(!fs.existsSync(path.join(h.daemon.home, 'touched')), 'something was run');
  }

  it('in bash alone', async () => check(await open('bash'), inBash));
  it('in bash with bash-completion', { skip: short }, async () => {
    const lines = { ...inBash, 'sudo nufi keys show la': 'sudo nufi keys show laptop ' };
    await check(await open('bash', { before: bashCompletion }), lines);
  });
  it('in zsh', async () => check(await open('zsh'), inZsh));
  it('in fish', async () => check(await open('fish'), inFish));

  it('from the files that packages install', async () => {
    const files = { bash: 'nufi.bash', zsh: '_nufi', fish: 'nufi.fish' };
    for (const [name, file] of Object.entries(files)) {
      const installed = path.resolve(import.meta.dirname, '../../completions', file);
      const shell = await open(name, { installed, before: name === 'bash' ? bashCompletion : '' });
      // Both what loads the file and what finds it loaded.
      assert.equal(await shell.tab('nufi keys sh'), 'nufi keys show ', name);
      assert.equal(await shell.tab('nufi keys show la'), 'nufi keys show laptop ', name);
    }
  });

  it('in bash: the words of another command are that command’s', async () => {
    const shell = await open('bash', {
      before: bashCompletion,
      after: `_other() { COMPREPLY=("other:$COMP_CWORD:\${#COMP_WORDS[@]}"); }
complete -F _other other
other() { :; }`,
    });
    assert.equal(await shell.tab('nufi run --budget=1 -- other --x=1 fi'), 'nufi run --budget=1 -- other --x=1 other:4:5 ');
    const alone = await open('bash', { after: 'otherwise() { :; }' });
    assert.equal(await alone.tab('nufi run otherw'), 'nufi run otherwise ');
  });

  it('in zsh and fish what a word does stands beside it', async () => {
    for (const name of ['zsh', 'fish']) {
      const shell = await open(name);
      await shell.list('nufi keys edit laptop --', [
        /--trace +(-- |\()keep prompts and answers of its calls/,
        /--no-trace +(-- |\()the opposite of --trace/,
      ]);
    }
  });

  describe('of a nufid', () => {
    const doors = [];
    const open = new Set();
    after(() => {
      doors.forEach((door) => door.close());
      open.forEach((socket) => socket.destroy());
    });

    /// How long `nufi __complete` takes, and what it says, when `serve` answers on the socket.
    async function complete(serve) {
      const socket = path.join(h.daemon.home, `door-${doors.length}.sock`);
      if (serve) {
        const door = net.createServer((connection) => {
          open.add(connection);
          connection.on('error', () => {});
          serve(connection);
        });
        doors.push(door);
        await new Promise((resolve) => door.listen(socket, resolve));
      }
      const started = performance.now();
      const env = { ...h.daemon.env, NUFI_SOCKET: socket };
      const { code, stdout, stderr } = await run(nufiPath, ['__complete', '--', 'keys', 'show', ''], { env });
      return { code, stdout, stderr, ms: performance.now() - started };
    }

    it('that is down: nothing, at once and without a word', async () => {
      const { ms, ...said } = await complete();
      assert.deepEqual(said, { code: 0, stdout: 'words\t\n', stderr: '' });
      assert.ok(ms < 1000 * patience, `${ms}`);
    });

    it('that does not answer: nothing, soon', async () => {
      const { ms, ...said } = await complete(() => {});
      assert.deepEqual(said, { code: 0, stdout: 'words\t\n', stderr: '' });
      assert.ok(ms < 1500 * patience, `${ms}`);
    });

    it('that answers without an end: nothing, soon', async () => {
      const timers = new Set();
      const { ms, ...said } = await complete((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n');
        const timer = setInterval(() => socket.write(' '), 50);
        timers.add(timer);
        socket.on('close', () => clearInterval(timer));
      });
      timers.forEach(clearInterval);
      assert.deepEqual(said, { code: 0, stdout: '', stderr: '' });
      assert.ok(ms < 3000 * patience, `${ms}`);
    });
  });

  it('never shows a key', async () => {
    const { key } = await h.daemon.key({ name: 'fresh' });
    const out = await h.daemon.ok(['__complete', '--', 'keys', 'show', '']);
    assert.ok(out.includes('fresh') && !out.includes(key) && !out.includes('sk-nufi-'));
  });
});
