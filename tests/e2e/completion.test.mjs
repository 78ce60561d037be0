// The completions in the real shells: what a person gets who presses Tab.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';

import { nufiPath, run } from './support/daemon.mjs';
import { house } from './support/house.mjs';

const odd = `it's "q" $x`;

describe('completion', () => {
  const h = house();
  let folder;
  before(async () => {
    for (const name of ['laptop', 'my key', 'team:ci', odd]) await h.daemon.key({ name });
    await h.daemon.ok(['keys', 'disable', 'team:ci']);
    await h.daemon.ok(['groups', 'create', 'gold']);
    folder = path.join(h.daemon.home, 'files');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'prices of today.json'), '');
  });

  /// Runs `script` in `shell`; what it printed.
  async function shell(program, args, script, env = {}) {
    const file = path.join(h.daemon.home, `script-${program}`);
    fs.writeFileSync(file, script);
    const all = { ...h.daemon.env, PATH: `${path.dirname(nufiPath)}:${h.daemon.env.PATH}`, TERM: 'dumb', ...env };
    const result = await run(program, [...args, file], { env: all, cwd: h.daemon.home });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    return result.stdout;
  }
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  /// The lines that are tried, and what each printed, by a shell that prints `=> …` after each.
  const answers = (lines, out) => {
    const found = out.split('\n').filter((line) => line.startsWith('=> '));
    assert.equal(found.length, lines.length, out);
    return Object.fromEntries(lines.map((line, i) => [line, found[i].slice(3)]));
  };

  const bashLines = {
    'nufi keys sh': ['sh', '[show]'],
    'nufi keys show my': ['my', '[my\\ key]'],
    'nufi keys show my\\ k': ['my\\ k', '[my\\ key]'],
    'nufi keys show "my k': ['my k', '[my key]'],
    'nufi keys show team:c': ['c', '[ci]'],
    "nufi keys show 'it": ['it', `[it'\\''s "q" $x]`],
    'nufi keys show "it': ['it', '[it\'s \\"q\\" \\$x]'],
    'nufi keys show it': ['it', "[it\\'s\\ \\\"q\\\"\\ \\$x]"],
    'nufi usage --key=la': ['la', '[laptop]'],
    'nufi usage --by m': ['m', '[model]'],
    'nufi keys create --budget-period=': ['', '[day] [week] [month] [total]'],
    'nufi keys create --enforce s': ['s', '[strict] [soft]'],
    'nufi keys enable ': ['', '[team:ci]'],
    'nufi keys list --arch': ['--arch', '[--archived]'],
    'nufi keys edit laptop --group g': ['g', '[gold]'],
    'nufi upstreams show m': ['m', '[mock]'],
    'nufi prices import files/pr': ['files/pr', '[files/prices of today.json]'],
    'nufi upstreams add x --key-env XDG_R': ['XDG_R', '[XDG_RUNTIME_DIR]'],
    'nufi completion ': ['', '[bash] [zsh] [fish]'],
    'nufi help keys rev': ['rev', '[revoke]'],
  };

  /// The completion function is called as bash calls it: words are split at its break characters.
  function bashScript(start) {
    const lines = Object.entries(bashLines);
    const calls = lines.map(([line, [word]]) => `try ${quoted(line)} ${quoted(word)}`).join('\n');
    return `${start}
source <(nufi completion bash)
try() {
  COMP_LINE=$1 COMP_POINT=\${#1} COMPREPLY=()
  read -ra COMP_WORDS <<<"$1"
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _nufi nufi "$2" ""
  printf '=>'; printf ' [%s]' "\${COMPREPLY[@]}"; echo
}
${calls}
`;
  }

  async function checkBash(start) {
    const lines = Object.keys(bashLines);
    const got = answers(lines, await shell('bash', ['--norc'], bashScript(start)));
    for (const line of lines) assert.equal(got[line], bashLines[line][1], line);
  }

  it('in bash alone', () => checkBash(''));
  it('in bash with bash-completion', () =>
    checkBash('. /usr/share/bash-completion/bash_completion 2>/dev/null'));

  it('in bash: the words of another command are that command’s', async () => {
    const out = await shell(
      'bash',
      ['--norc'],
      `. /usr/share/bash-completion/bash_completion
source <(nufi completion bash)
_other() { COMPREPLY=("other:$COMP_CWORD:\${COMP_WORDS[*]}"); }
complete -F _other other
other() { :; }
COMP_LINE='nufi run --budget=1 -- other --x=1 fi' COMP_POINT=\${#COMP_LINE}
COMP_WORDS=(nufi run --budget = 1 -- other --x = 1 fi) COMP_CWORD=10
_nufi nufi fi 1
echo "=> $COMPREPLY"
COMP_LINE='nufi run oth' COMP_POINT=12 COMP_WORDS=(nufi run oth) COMP_CWORD=2
unset -f _command_offset
_nufi nufi oth run
echo "=> $COMPREPLY"
`,
    );
    assert.ok(out.startsWith('=> other:4:other --x = 1 fi\n'), out);
    assert.match(out, /=> oth/);
  });

  const fishLines = {
    'nufi keys sh': 'show',
    'nufi keys show ': `laptop|my key|team:ci|${odd}`,
    'nufi keys show my\\ k': 'my key',
    'nufi keys show "my k': 'my key',
    'nufi usage --key=la': '--key=laptop',
    'nufi usage --by mo': 'model',
    'nufi keys list --arch': '--archived',
    'nufi prices import files/pr': 'files/prices of today.json',
    'nufi upstreams add x --key-env=XDG_R': '--key-env=XDG_RUNTIME_DIR',
    'nufi run --budget 1 -- cat files/pr': 'files/prices of today.json',
    'nufi completion ': 'bash|zsh|fish',
  };

  it('in fish', async () => {
    const lines = Object.keys(fishLines);
    const script = `nufi completion fish | source
function try
  echo "=>" (complete -C "$argv" | string replace -r '\\t.*' '' | string join '|')
end
${lines.map((line) => `try '${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`).join('\n')}
echo "=>" (complete -C 'nufi keys sh')
`;
    const out = await shell('fish', ['--no-config'], script);
    const got = answers([...lines, 'described'], out);
    for (const line of lines) {
      // Files may come with backslashes, as they go into the line.
      assert.equal(got[line].replaceAll('\\ ', ' '), fishLines[line], line);
    }
    assert.equal(got.described, 'show\teverything about a key');
  });

  const zshLines = {
    'nufi keys sh': 'nufi keys show ',
    'nufi keys show my': 'nufi keys show my\\ key ',
    'nufi keys show "my k': 'nufi keys show "my key" ',
    'nufi keys show team:': 'nufi keys show team:ci ',
    'nufi keys show it': "nufi keys show it\\'s\\ \\\"q\\\"\\ \\$x ",
    'nufi usage --key=la': 'nufi usage --key=laptop ',
    'nufi usage --by mod': 'nufi usage --by model ',
    'nufi keys list --arch': 'nufi keys list --archived ',
    'nufi prices import files/pr': 'nufi prices import files/prices\\ of\\ today.json ',
    'nufi upstreams add x --key-env=XDG_R': 'nufi upstreams add x --key-env=XDG_RUNTIME_DIR ',
    'nufi run --budget 1 -- cat files/pr': 'nufi run --budget 1 -- cat files/prices\\ of\\ today.json ',
  };

  it('in zsh', async () => {
    const lines = Object.keys(zshLines);
    // A zsh of its own on a pseudo-terminal: ^T completes and prints the line as it is then.
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
until-seen() {
  local out= chunk
  while zpty -r z chunk "*$1*"; do out+=$chunk; [[ $chunk == *$1* ]] && break; done
  REPLY=$out
}
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source <(nufi completion zsh)"
zpty -w z 'tab() { zle complete-word; print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N tab; bindkey "^T" tab; print REA""DY'
until-seen READY
for line in ${lines.map(quoted).join(' ')}; do
  zpty -w -n z "$line"$'\\x14'
  until-seen '>>'
  print -r -- "=> \${\${REPLY##*<<}%%>>*}"
done
zpty -d z
`;
    const got = answers(lines, await shell('zsh', ['-f'], script, { COLUMNS: '200' }));
    for (const line of lines) assert.equal(got[line], zshLines[line], line);
  });

  it('without a daemon it offers what it knows, at once and without a word', async () => {
    const env = { ...h.daemon.env, NUFI_SOCKET: path.join(h.daemon.home, 'nobody.sock') };
    const started = process.hrtime.bigint();
    const names = await run(nufiPath, ['__complete', '--', 'keys', 'show', ''], { env });
    const verbs = await run(nufiPath, ['__complete', '--', 'keys', ''], { env });
    assert.deepEqual([names.code, names.stdout, names.stderr], [0, 'words\t\n', '']);
    assert.match(verbs.stdout, /^show\t/m);
    assert.ok(process.hrtime.bigint() - started < 2_000_000_000n);
  });

  it('never shows a key', async () => {
    const { key } = await h.daemon.key({ name: 'fresh' });
    const out = await h.daemon.ok(['__complete', '--', 'keys', 'show', '']);
    assert.ok(out.includes('fresh') && !out.includes(key) && !out.includes('sk-nufi-'));
  });
});
