// What commands print that start processes, run programs or write files, kept in files and compared
// letter by letter, as tests/cli/golden does for the others. What differs from run to run (ports,
// processes, names, money of a moment) is replaced by what it is.
//
//   NUFI_GOLDEN=write NUFI_BIN_DIR=build/bin node --test tests/e2e/golden.test.mjs
// writes the files; then read them as the person would for whom they are printed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { nufidPath, nufiPath, patience, run } from './support/daemon.mjs';
import { Terminal } from './support/pty.mjs';

const folder = path.join(import.meta.dirname, 'golden');
const writes = process.env.NUFI_GOLDEN === 'write';
/// Two calls, then it fails.
const agent = `
for text in "a word" "another word"; do
  curl -s "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" \
    -d '{"model":"nufi-echo","messages":[{"role":"user","content":"'"$text"'"}]}' >/dev/null
done
exit 3
`;
/// A port that stays the same over restarts, out of the range from which connections get theirs.
const port = () => 20_000 + Math.floor(Math.random() * 10_000);

describe('what commands print that change the machine', () => {
  let home;
  let env;

  before(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-golden-'));
    fs.writeFileSync(path.join(home, 'agent.sh'), agent);
    env = {
      PATH: `${path.dirname(nufidPath)}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      HOME: home,
      NUFI_LISTEN: `127.0.0.1:${port()}`,
      NUFI_CONSOLE_LISTEN: `127.0.0.1:${port()}`,
      NO_COLOR: '1',
      ...Object.fromEntries(Object.entries(process.env).filter(([k]) => /SAN_OPTIONS$/.test(k))),
    };
  });
  after(async () => {
    await run(nufiPath, ['down', '-q'], { env, timeout: 20_000 * patience });
    fs.rmSync(home, { recursive: true, force: true });
  });

  const steady = (text) =>
    text
      .replaceAll(home, '/home/ana')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(/\s\(pid\s\d+\)/g, ' (pid PID)')
      .replace(/"pid": \d+/g, '"pid": PID')
      .replace(/\bkey_[0-9A-Za-z]{16}\b/g, 'key_ID')
      .replace(/\brun-([a-z]+)-[a-z0-9]{4}\b/g, 'run-$1-NAME')
      .replace(/#code=\S+?(?=["\s])/g, '#code=CODE')
      .replace(/\b\d{4}-\d\d-\d\dT[0-9:.]+Z/g, 'TIME')
      .replace(/"(size|bytes)": \d+/g, '"$1": SIZE')
      .replace(/\b\d+(\.\d+)? (KiB|MiB|kB|MB|bytes)\b/g, 'SIZE')
      .replace(/⇥\d{5,}\n/g, '⇥SIZE\n');
  const visible = (text) => steady(text.replaceAll('\t', '⇥')).replace(/ $/gm, '<space>');
  const typed = (words) => ['nufi', ...words.map((word) => (/[ '"]/.test(word) ? `'${word}'` : word))].join(' ');

  async function onTerminal(words, columns) {
    const terminal = Terminal.open([nufiPath, ...words], { env, cwd: home, columns });
    const code = await terminal.ends();
    return shown(`terminal, ${columns} columns`, words, terminal.text, '', code);
  }
  async function inPipe(title, words) {
    const { stdout, stderr, code } = await run(nufiPath, words, { env, cwd: home });
    return shown(title, words, stdout, stderr, code);
  }
  function shown(title, words, out, err, code) {
    let text = steady(`===== ${title}: ${typed(words)}\n`) + visible(out);
    if (err) text += `----- stderr\n${visible(err)}`;
    if (code) text += `----- exit ${code}\n`;
    return text;
  }
  function compare(name, text) {
    const file = path.join(folder, `${name}.txt`);
    if (writes) {
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(file, text);
    }
    assert.equal(text, fs.readFileSync(file, 'utf8'));
  }
  /// Every reader of `words`; `before` makes ready what the command needs each time, `json` is false
  /// for what has no such form. Where `words` is a function it is given a number: no name twice.
  async function readers(words, { ready = async () => {}, json = true, quiet = true } = {}) {
    let count = 0;
    const next = () => (typeof words === 'function' ? words(++count) : words);
    // What comes after -- is not nufi's.
    const and = (line, word) => {
      const at = line.indexOf('--');
      return at < 0 ? [...line, word] : [...line.slice(0, at), word, ...line.slice(at)];
    };
    let text = '';
    for (const columns of [60, 80, 140]) {
      await ready();
      text += await onTerminal(next(), columns);
    }
    await ready();
    text += await inPipe('pipe', next());
    if (quiet) {
      await ready();
      text += await inPipe('quiet', and(next(), '-q'));
    }
    if (json) {
      await ready();
      text += await inPipe('JSON', and(next(), '--json'));
    }
    return text;
  }
  const up = () => run(nufiPath, ['up', '--demo', '-q'], { env });
  const down = () => run(nufiPath, ['down', '-q'], { env });

  it('up', async () => compare('up', await readers(['up', '--demo'], { ready: down })));
  it('up when it is', async () => compare('up_again', await readers(['up', '--demo'], { ready: up })));
  it('restart', async () => compare('restart', await readers(['restart'], { ready: up })));
  it('down', async () => compare('down', await readers(['down'], { ready: up })));
  it('down when it is', async () => compare('down_again', await readers(['down'], { ready: down })));

  it('run', async () => {
    await up();
    const words = ['run', '--budget', '1', '--', 'sh', 'agent.sh'];
    compare('run', await readers(words, { json: false }));
  });

  it('backup', async () => {
    await up();
    compare('backup', await readers((n) => ['backup', `copy-${n}.db`]));
  });

  it('console --print', async () => {
    await up();
    compare('console', await readers(['console', '--print'], {}));
  });
});
