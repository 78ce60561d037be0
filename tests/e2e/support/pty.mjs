// A person at a terminal: a program on a pseudo-terminal (made by `script` of util-linux), whose keys
// are typed and whose screen is read.
//
//   const terminal = Terminal.open([nufiPath, 'keys', 'delete', 'laptop'], { env: h.daemon.env });
//   await terminal.shows(/\[y\/N\]/);
//   terminal.type('y\n');
//   assert.equal(await terminal.ends(), 0);
//   terminal.text          everything so far, without colours and cursor movements
//   terminal.screen        every byte
//   await terminal.left()  how the terminal was left: { echo: true, canonical: true, signals: true }
import { spawn } from 'node:child_process';

import { patience } from './daemon.mjs';
import { deadline, until } from './wait.mjs';

const running = new Set();
process.on('exit', () => running.forEach((terminal) => terminal.kill()));

const kEnd = /\r?\n?@left (\d+)\r?\n([^]*)@end\r?\n/;
/// Keys, as a terminal sends them.
export const ctrlC = '\x03';
export const ctrlD = '\x04';
export const ctrlZ = '\x1a';

const quoted = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

export class Terminal {
  /// `command` is a list of words, or one string for a shell.
  static open(command, { env, cwd, columns = 80, rows = 24 } = {}) {
    const terminal = new Terminal();
    const line = Array.isArray(command) ? command.map(quoted).join(' ') : command;
    // The shell ignores what is typed to interrupt the program, and then looks at the terminal.
    const shell = [
      `stty cols ${columns} rows ${rows}`,
      `trap : INT QUIT`,
      `printf '@begin\\n'`,
      `(trap - INT QUIT; ${line}\n)`,
      `printf '\\n@left %d\\n' $?`,
      `stty -a`,
      `printf '@end\\n'`,
    ].join('; ');
    terminal.bytes = '';
    terminal.child = spawn('script', ['-qefc', shell, '/dev/null'], {
      env: { TERM: 'xterm-256color', ...env, SHELL: '/bin/sh' },
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    running.add(terminal);
    terminal.child.stdin.on('error', () => {}); // it may end while something is typed
    terminal.child.stdout.setEncoding('utf8');
    terminal.child.stdout.on('data', (data) => (terminal.bytes += data));
    terminal.closed = new Promise((resolve) => {
      terminal.child.on('close', () => {
        running.delete(terminal);
        resolve();
      });
    });
    return terminal;
  }

  /// What the program has written, byte by byte.
  get screen() {
    const begin = this.bytes.indexOf('@begin\r\n');
    if (begin < 0) return '';
    const rest = this.bytes.slice(begin + 8);
    const end = rest.search(kEnd);
    return end < 0 ? rest : rest.slice(0, end);
  }

  /// The same as a person reads it: no colours, no cursor movements, plain line ends.
  get text() {
    return this.screen.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]/g, '').replaceAll('\r\n', '\n');
  }

  /// Resolves when the text matches, with the match.
  async shows(pattern, ms = 10_000 * patience) {
    const look = () => (typeof pattern === 'string' ? this.text.includes(pattern) : this.text.match(pattern));
    try {
      return await until(look, ms, String(pattern));
    } catch (error) {
      throw new Error(`${error.message}; the screen shows:\n${this.text}`);
    }
  }

  type(keys) {
    this.child.stdin.write(keys);
  }

  /// Waits for the program's end; its exit code (128 + n after signal n).
  async ends(ms = 20_000 * patience) {
    await deadline(this.closed, ms, `the end of a program on a terminal; it shows:\n${this.text}`);
    const end = this.bytes.match(kEnd);
    if (!end) throw new Error(`the terminal was lost:\n${this.bytes}`);
    return Number(end[1]);
  }

  /// How the program left the terminal when it ended.
  async left() {
    await this.ends();
    const words = this.bytes.match(kEnd)[2].split(/[\s;]+/);
    const is = (flag) => words.includes(flag);
    return { echo: is('echo'), canonical: is('icanon'), signals: is('isig') };
  }

  /// Ends whatever still runs.
  kill() {
    this.child.kill('SIGTERM');
  }
}
