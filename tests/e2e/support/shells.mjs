// A person in a real bash, zsh or fish who presses Tab.
//
//   const shell = await Shell.open('zsh', { env: h.daemon.env, home, cwd });
//   await shell.tab('nufi keys sh')            'nufi keys show ', as it stands in the line then
//   await shell.list('nufi keys ', [/show/])   waits until that is listed below the line
//   await shell.end();
import fs from 'node:fs';
import path from 'node:path';

import { patience, nufiPath } from './daemon.mjs';
import { Terminal } from './pty.mjs';
import { until } from './wait.mjs';

const kBack = '\x02'; // the cursor goes one to the left
const kTell = '\x14'; // Ctrl-T: what stands in the line goes into $LINES_FILE, and the line is empty
const kLong = 10_000 * patience;

const shells = {
  bash: {
    command: (file) => ['bash', '--noprofile', '--rcfile', file, '-i'],
    start: `PS1='$ '
bind 'set show-all-if-ambiguous on' 'set completion-query-items 1000' 'set page-completions off'
bind 'set enable-bracketed-paste off' 'set bell-style none' 'set completion-display-width 0'
tell() { printf '%s\\0' "$READLINE_LINE" >>"$LINES_FILE"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\\C-t": tell'`,
    learn: 'source <(nufi completion bash)',
    file: 'completions/nufi',
    find: (folder) => `BASH_COMPLETION_USER_DIR=${folder}`,
  },
  zsh: {
    command: () => ['zsh', '-o', 'no_global_rcs', '-i'],
    start: `PS1='$ ' LISTMAX=1000
bindkey -e
autoload -Uz compinit
compinit -u -D
tell() { print -rn -- "$BUFFER"$'\\0' >>$LINES_FILE; BUFFER= }
zle -N tell
bindkey '^T' tell`,
    learn: 'source <(nufi completion zsh)',
    file: '_nufi',
    find: (folder) => `fpath=(${folder} $fpath)`,
  },
  fish: {
    command: (file) => ['fish', '--no-config', '-i', '-C', `source ${file}`],
    start: `function fish_prompt; echo '$ '; end
set fish_greeting
set fish_autosuggestion_enabled 0
function tell; printf '%s\\0' (commandline | string collect) >>$LINES_FILE; commandline -r ''; end
bind \\ct tell`,
    learn: 'nufi completion fish | source',
    file: 'nufi.fish',
    find: (folder) => `set -p fish_complete_path ${folder}`,
  },
};

export class Shell {
  /// `before` is run by the shell before it learns the completions, `after` after that. Of an
  /// `installed` file it learns when it needs it, in the folder where it looks.
  static async open(name, { env, home, cwd, before = '', after = '', installed }) {
    const shell = new Shell();
    const { command, start, learn, file, find } = shells[name];
    const folder = fs.mkdtempSync(path.join(home, `${name}-`));
    if (installed) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.copyFileSync(installed, path.join(folder, file));
    }
    const first = path.join(folder, '.zshrc');
    const lines = [installed ? find(folder) : '', before, start, installed ? '' : learn, after];
    fs.writeFileSync(first, lines.join('\n') + '\n');
    shell.file = path.join(folder, 'lines');
    shell.terminal = Terminal.open(command(first), {
      env: {
        ...env,
        PATH: `${path.dirname(nufiPath)}:${env.PATH}`,
        ZDOTDIR: folder,
        INPUTRC: '/dev/null',
        LINES_FILE: shell.file,
      },
      cwd,
      columns: 250,
      rows: 100,
    });
    await shell.tab('');
    return shell;
  }

  told() {
    const all = fs.existsSync(this.file) ? fs.readFileSync(this.file, 'utf8').split('\0') : [''];
    return all.slice(0, -1);
  }

  /// Types `line`, whose ‸ is where the cursor goes, and presses Tab; the line that comes of it.
  async tab(line) {
    const before = this.told().length;
    const [left, right = ''] = line.split('‸');
    this.terminal.type(left + right + kBack.repeat(right.length) + (line ? '\t' : '') + kTell);
    await until(() => this.told().length > before, kLong, `what becomes of: ${line}`);
    return this.told()[before];
  }

  /// Types `line`, presses Tab, and waits until all `patterns` are shown; what is shown then.
  async list(line, patterns) {
    const before = this.told().length;
    const from = this.terminal.text.length;
    const shown = () => this.terminal.text.slice(from);
    this.terminal.type(`${line}\t`);
    for (const pattern of patterns) {
      await until(() => pattern.test(shown()), kLong, `${pattern} after: ${line}`);
    }
    this.terminal.type(kTell);
    await until(() => this.told().length > before, kLong, `the line to be empty after: ${line}`);
    return shown();
  }

  /// Empties the line and says that no more comes.
  async end() {
    this.terminal.type('\x15\x04');
    await this.terminal.ends().finally(() => this.terminal.kill());
  }
}
