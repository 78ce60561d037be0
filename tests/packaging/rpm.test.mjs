// The rpm: what is in it and what it would run. It is made here and not installed: the libraries it
// asks for go by other names elsewhere.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { everywhere, makePackage, ok, scratch } from './support.mjs';

describe('the rpm', () => {
  let home;
  let file;
  const query = (...args) => ok('rpm', ['--dbpath', path.join(home, 'db'), '-qp', ...args, file]);
  before(() => {
    home = scratch('rpm');
    file = makePackage('RPM', home);
  });
  after(() => fs.rmSync(home, { recursive: true, force: true }));

  it('says what it is', () => {
    const info = query('-i');
    assert.match(info, /^Name +: nufi$/m);
    assert.match(info, /^Description :\nnufid is /m);
  });

  it('brings the same files, the configuration as one that is kept', () => {
    const files = query('--qf', '[%{FILENAMES}\n]').trim().split('\n');
    for (const name of everywhere) {
      const wanted = [`/usr/${name}`, `/usr/${name}.gz`];
      assert.ok(wanted.some((one) => files.includes(one)), `${name} is missing:\n${files.join('\n')}`);
    }
    const flags = query('--qf', '[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEUSERNAME}\n]');
    assert.match(flags, /^\/etc\/nufi\/nufid\.toml cn root$/m);
    assert.ok(!/ (?!root$)\S+$/m.test(flags), 'everything is root’s');
  });

  it('runs scripts that a shell understands, and names what they need', () => {
    for (const tag of ['POSTIN', 'PREUN', 'POSTUN']) {
      const script = query('--qf', `%{${tag}}`);
      assert.ok(script.length > 10, tag);
      ok('sh', ['-n'], { input: script });
    }
    const needs = query('--requires').split('\n');
    for (const name of ['systemd', 'ca-certificates', 'tzdata']) assert.ok(needs.includes(name), name);
  });
});
