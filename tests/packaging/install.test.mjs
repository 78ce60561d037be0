// `cmake --install`: below any prefix, and nothing of the build tree in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { buildDir, cmake, everywhere, filesBelow, ok, run, scratch, source } from './support.mjs';

describe('an installation from source', () => {
  let home;
  let prefix;
  const at = (name) => path.join(prefix, name);
  before(() => {
    home = scratch('install');
    prefix = path.join(home, 'opt/nufi');
    ok(cmake, ['--install', buildDir, '--prefix', prefix]);
  });
  after(() => fs.rmSync(home, { recursive: true, force: true }));

  it('brings programs, units, pages, completions and an example', () => {
    const files = filesBelow(prefix);
    for (const file of everywhere) assert.ok(files.includes(file), `${file} is missing:\n${files.join('\n')}`);
    assert.ok(files.some((file) => /^share\/zsh\/.*\/_nufi$/.test(file)));
  });

  it('knows nothing of where it was built', () => {
    for (const file of filesBelow(prefix)) {
      assert.ok(!fs.readFileSync(at(file)).includes(source), `${file} names ${source}`);
    }
  });

  it('has units that name the program where it is, and that systemd understands', () => {
    for (const scope of ['system', 'user']) {
      const directory = at(`lib/systemd/${scope}`);
      const unit = fs.readFileSync(path.join(directory, 'nufid.service'), 'utf8');
      assert.match(unit, new RegExp(`^ExecStart=${at('bin/nufid')}( --system)?$`, 'm'));
      const runtime = path.join(home, 'run');
      fs.mkdirSync(runtime, { recursive: true, mode: 0o700 });
      const names = ['nufid.service', 'nufid.socket'].map((name) => path.join(directory, name));
      const verified = run('systemd-analyze', [`--${scope}`, 'verify', '--man=no', ...names], {
        env: { XDG_RUNTIME_DIR: runtime, HOME: home },
      });
      assert.deepEqual([verified.code, verified.err.trim()], [0, ''], verified.err);
    }
  });

  it('stays below DESTDIR, and touches /etc only for the prefix of a package', () => {
    const staged = path.join(home, 'staged');
    ok(cmake, ['--install', buildDir, '--prefix', '/usr'], { env: { DESTDIR: staged } });
    assert.ok(fs.existsSync(path.join(staged, 'etc/nufi/nufid.toml')));
    const unit = fs.readFileSync(path.join(staged, 'usr/lib/systemd/system/nufid.service'), 'utf8');
    assert.match(unit, /^ExecStart=\/usr\/bin\/nufid --system$/m);
    assert.ok(!fs.existsSync(at('etc')) && !fs.existsSync(path.join(prefix, '../etc')));
  });

  it('has an example whose lines, without their marks, are all understood', () => {
    const text = fs.readFileSync(at('share/doc/nufi/examples/nufid.toml'), 'utf8');
    const lines = text.replace(/^# (?=[a-z-]+ = )/gm, '');
    assert.notEqual(lines, text);
    const file = path.join(home, 'all.toml');
    fs.writeFileSync(file, lines);
    const checked = run(at('bin/nufid'), ['--check-config', '--config', file], { env: { HOME: home } });
    assert.equal(checked.code, 0, checked.err);
  });
});
