// nufi and a person at a terminal: questions, secrets, what goes on, long lists, Ctrl-C.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { chat } from './support/client.mjs';
import { nufiPath, nufidPath, patience, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';
import { ctrlC, ctrlD, Terminal } from './support/pty.mjs';
import { until } from './support/wait.mjs';

const sane = { echo: true, canonical: true, signals: true };

describe('nufi on a terminal', () => {
  const h = house();
  const open = (words, { env = {}, ...more } = {}) =>
    Terminal.open(typeof words === 'string' ? words : [nufiPath, ...words], {
      env: { ...h.daemon.env, ...env },
      cwd: h.daemon.home,
      ...more,
    });
  const statusOf = async (id) => JSON.parse(await h.daemon.ok(['keys', 'show', id, '--json'])).status;

  it('asks before what can not be undone: yes does it, anything else does not', async () => {
    const key = await h.daemon.key({ name: 'asked' });
    for (const [answer, code] of [
      ['n\n', 2],
      ['\n', 2],
      ['what?\n', 2],
      [ctrlD, 2],
      [ctrlC, 130],
    ]) {
      const terminal = open(['keys', 'revoke', 'asked']);
      await terminal.shows(/\[y\/N\] $/);
      terminal.type(answer);
      assert.equal(await terminal.ends(), code, JSON.stringify(answer));
      assert.equal(await statusOf(key.id), 'active', JSON.stringify(answer));
      assert.deepEqual(await terminal.left(), sane);
      if (code === 2) assert.match(terminal.text, /error: nothing was done/);
    }
    const terminal = open(['keys', 'revoke', 'asked']);
    await terminal.shows(/\[y\/N\] $/);
    terminal.type('YES\n');
    assert.equal(await terminal.ends(), 0);
    assert.equal(await statusOf(key.id), 'revoked');
  });

  it('takes a secret without echo, and gives the echo back however it ends', async () => {
    const words = ['upstreams', 'add', 'typed', '--url', `http://127.0.0.1:${h.upstream.port}/v1`];
    const canceled = open(words);
    await canceled.shows(/secret/);
    canceled.type(`sk-typed${ctrlC}\n`);
    assert.notEqual(await canceled.ends(), 0);
    assert.deepEqual(await canceled.left(), sane);
    assert.ok(!canceled.screen.includes('sk-typed'), canceled.screen);

    const terminal = open(words);
    await terminal.shows(/secret/);
    terminal.type('sk-typed-secret\n');
    assert.equal(await terminal.ends(), 0, terminal.text);
    assert.deepEqual(await terminal.left(), sane);
    assert.ok(!terminal.screen.includes('sk-typed'), terminal.screen);
    const added = JSON.parse(await h.daemon.ok(['upstreams', 'show', 'typed', '--json']));
    assert.equal(added.name, 'typed');
    await h.daemon.ok(['upstreams', 'remove', 'typed', '--yes']);
  });

  it('follows calls live until Ctrl-C, which is 130 and leaves the terminal as it was', async () => {
    const key = await h.daemon.key({ name: 'laptop' });
    await chat(h.port, key.key, { max_tokens: 5 });
    const terminal = open(['requests', '--follow'], { columns: 100 });
    await terminal.shows(/laptop/);
    await chat(h.port, key.key, { max_tokens: 6 });
    await terminal.shows(/laptop[^]*\n.*laptop/);
    terminal.type(ctrlC);
    assert.equal(await terminal.ends(), 130);
    assert.deepEqual(await terminal.left(), sane);
    assert.ok(!terminal.screen.includes('\x1b[?25l') || terminal.screen.includes('\x1b[?25h'));
  });

  it('shows a long list in the pager, a short one at once', async () => {
    const pager = path.join(h.daemon.home, 'pager');
    fs.writeFileSync(pager, '#!/bin/sh\necho "PAGED $LESS"\nhead -n 2\n', { mode: 0o755 });
    const ask = async (words, more = {}) => {
      const terminal = open(words, { rows: 10, env: { PAGER: pager, ...more.env }, ...more.open });
      return { code: await terminal.ends(), text: terminal.text, screen: terminal.screen };
    };
    const paged = await ask(['prices', 'list', '*']);
    assert.match(paged.text, /^PAGED -FRX\nMODEL/);
    assert.equal(paged.text.split('\n').length, 4, 'a pager that is left early is no error');
    assert.equal(paged.code, 0);

    for (const [what, words, more] of [
      ['a short list', ['keys', 'list'], {}],
      ['--no-pager', ['prices', 'list', '*', '--no-pager'], {}],
      ['--no-pager before', ['--no-pager', 'prices', 'list', '*'], {}],
      ['-q', ['prices', 'list', '*', '-q'], {}],
      ['PAGER=cat', ['prices', 'list', '*'], { env: { PAGER: 'cat' } }],
      ['PAGER=', ['prices', 'list', '*'], { env: { PAGER: '' } }],
      ['a pager that is not there', ['prices', 'list', '*'], { env: { PAGER: '/nowhere/pager' } }],
      ['a tall terminal', ['prices', 'list', 'gpt-4o'], { open: { rows: 500 } }],
    ]) {
      const shown = await ask(words, more);
      assert.equal(shown.code, 0, what);
      assert.ok(!shown.text.includes('PAGED'), what);
    }
    const missing = await ask(['prices', 'list', '*'], { env: { PAGER: '/nowhere/pager' } });
    assert.ok(missing.text.split('\n').length > 20, 'everything is shown without it');
  });

  it('Ctrl-C is the pager’s while it runs', async () => {
    const pager = path.join(h.daemon.home, 'patient');
    fs.writeFileSync(pager, "#!/bin/sh\ntrap 'echo interrupted; exit 0' INT\ncat >/dev/null\necho ready\nread x </dev/tty\n", {
      mode: 0o755,
    });
    const terminal = open(['prices', 'list', '*'], { rows: 10, env: { PAGER: pager } });
    await terminal.shows('ready');
    terminal.type(ctrlC);
    assert.equal(await terminal.ends(), 0);
    assert.match(terminal.text, /interrupted/);
    assert.deepEqual(await terminal.left(), sane);
  });

  it('fits the width of the terminal', async () => {
    for (const columns of [20, 60, 100]) {
      const terminal = open(['keys', 'list'], { columns });
      assert.equal(await terminal.ends(), 0);
      for (const line of terminal.text.split('\n')) assert.ok([...line].length <= columns, line);
    }
    const chosen = open(['keys', 'list'], { columns: 140, env: { COLUMNS: '40' } });
    await chosen.ends();
    for (const line of chosen.text.split('\n')) assert.ok([...line].length <= 40, line);
  });

  it('colours as NO_COLOR, CLICOLOR_FORCE and TERM say', async () => {
    const colours = async (env) => {
      const terminal = open(['keys', 'list'], { env });
      await terminal.ends();
      return terminal.screen.includes('\x1b[');
    };
    assert.equal(await colours({}), true);
    assert.equal(await colours({ NO_COLOR: '' }), true);
    assert.equal(await colours({ NO_COLOR: '1' }), false);
    assert.equal(await colours({ TERM: 'dumb' }), false);
    assert.equal(await colours({ TERM: 'dumb', CLICOLOR_FORCE: '1' }), true);
    const piped = async (env) => {
      const result = await run(nufiPath, ['keys', 'list'], { env: { ...h.daemon.env, ...env } });
      return result.stdout;
    };
    const plain = await piped({});
    assert.ok(!plain.includes('\x1b'));
    const forced = await piped({ CLICOLOR_FORCE: '1' });
    assert.ok(forced.includes('\x1b['));
    assert.equal(forced.replace(/\x1b\[[0-9;]*m/g, ''), plain, 'the same rows, but in colour');
    assert.equal(await piped({ CLICOLOR_FORCE: '1', NO_COLOR: '1' }), plain);
  });

  it('prints nothing but ASCII where the locale has no UTF-8', async () => {
    const key = await h.daemon.key({ name: 'günther-家' });
    await chat(h.port, key.key, { max_tokens: 5 });
    for (const words of [['keys', 'list'], ['keys', 'list', '--json'], ['usage'], ['requests'], ['keys', 'revoke', 'nobody-ä']]) {
      const terminal = open(words, { env: { LANG: 'C', LC_ALL: '' } });
      await terminal.ends();
      assert.match(terminal.text, /^[\x00-\x7f]*$/, words.join(' '));
    }
    const json = open(['keys', 'show', 'günther-家', '--json'], { env: { LANG: 'C' } });
    assert.equal(await json.ends(), 0);
    assert.equal(JSON.parse(json.text).name, 'günther-家');
    await h.daemon.ok(['keys', 'delete', 'günther-家', '--yes']);
  });

  /// Runs `task` while nufid stands still: whoever asks it something waits.
  async function whileItStands(task) {
    h.daemon.child.kill('SIGSTOP');
    try {
      await task();
    } finally {
      h.daemon.child.kill('SIGCONT');
    }
  }

  it('shows that it works after half a second, and takes that away at the end', async () => {
    let terminal;
    await whileItStands(async () => {
      terminal = open(['ledger', 'verify'], { columns: 60 });
      await terminal.shows(/comparing rows, rollups and windows  \d s/);
    });
    assert.equal(await terminal.ends(), 0);
    // What was drawn is overwritten by spaces before the outcome is printed.
    assert.match(terminal.screen, /\r +\rrows, rollups and windows agree: /);
    assert.deepEqual(await terminal.left(), sane);

    const quick = open(['ledger', 'verify']);
    assert.equal(await quick.ends(), 0);
    assert.ok(!quick.screen.includes('comparing'), 'nothing is shown of work this short');
  });

  it('a backup that is interrupted says so and leaves no file', async () => {
    const folder = path.join(h.daemon.home, 'copies');
    fs.mkdirSync(folder);
    await whileItStands(async () => {
      const terminal = open(['backup', path.join(folder, 'copy.db')], { columns: 60 });
      await terminal.shows(/asking nufid  \d s/);
      terminal.type(ctrlC);
      assert.equal(await terminal.ends(), 130);
      assert.match(terminal.text, /no backup was made/);
      assert.deepEqual(await terminal.left(), sane);
      assert.deepEqual(fs.readdirSync(folder), []);
    });
    // nufid takes a moment to give up the copy that nobody waits for any more.
    await until(
      async () => (await open(['backup', path.join(folder, 'copy.db')]).ends()) === 0,
      10_000 * patience,
      'a backup after the interrupted one',
    );
    assert.deepEqual(fs.readdirSync(folder), ['copy.db']);
  });

  it('no progress is shown to a program, or with -q', async () => {
    await whileItStands(async () => {
      const quiet = open(['ledger', 'verify', '-q']);
      const piped = open(`${nufiPath} ledger verify 2>&1 | cat`);
      const watched = open(['ledger', 'verify']);
      await watched.shows(/comparing .* 1 s/);
      for (const terminal of [quiet, piped]) assert.equal(terminal.text, '');
      h.daemon.child.kill('SIGCONT');
      assert.equal(await quiet.ends(), 0);
      assert.equal(quiet.text, '');
      assert.equal(await piped.ends(), 0);
      assert.match(piped.text, /^ok\ttrue\n/);
    });
  });
});
