// The Debian package: clean, installed into a root of its own, run from there, and gone again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chat } from '../e2e/support/client.mjs';
import { until } from '../e2e/support/wait.mjs';
import { everywhere, filesBelow, isRoot, makePackage, ok, run, scratch } from './support.mjs';

/// What systemd-analyze may think of the unit at most, of 100.
const exposureAllowed = 15;

/// A root with nothing in it but what dpkg needs.
function emptyRoot(root) {
  for (const directory of ['etc', 'usr/bin', 'usr/lib', 'usr/sbin', 'var/lib/dpkg/info', 'var/lib/dpkg/updates']) {
    fs.mkdirSync(path.join(root, directory), { recursive: true });
  }
  for (const name of ['bin', 'lib', 'sbin']) fs.symlinkSync(`usr/${name}`, path.join(root, name));
  fs.writeFileSync(path.join(root, 'var/lib/dpkg/status'), '');
}

describe('the Debian package', () => {
  let home;
  let root;
  let file;
  const at = (name) => path.join(root, name);
  /// The scripts of the package work on DPKG_ROOT; what it depends on is outside of it.
  const dpkg = (...args) => {
    const words = ['dpkg', `--root=${root}`, '--log=/dev/null', '--force-script-chrootless', '--force-depends', ...args];
    if (!isRoot) words.unshift('fakeroot', '--');
    ok(words[0], words.slice(1), { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  };

  before(() => {
    home = scratch('deb');
    root = path.join(home, 'root');
    file = makePackage('DEB', home);
    emptyRoot(root);
  });
  after(() => fs.rmSync(home, { recursive: true, force: true }));

  it('is what lintian has nothing against', () => {
    const args = ['-I', '--pedantic', '--fail-on', 'error,warning,info,pedantic'];
    const report = run('lintian', [...args, file], { env: { HOME: home } });
    assert.equal(report.code, 0, report.out + report.err);
  });

  it('installs its files, its users and the places of the service', () => {
    dpkg('--install', file);
    const files = filesBelow(root);
    for (const name of everywhere) {
      const wanted = [`usr/${name}`, `usr/${name}.gz`];
      assert.ok(wanted.some((one) => files.includes(one)), `${name} is missing:\n${files.join('\n')}`);
    }
    for (const name of ['changelog.gz', 'changelog.Debian.gz', 'copyright', 'README.Debian']) {
      assert.ok(files.includes(`usr/share/doc/nufi/${name}`), name);
    }
    assert.ok(files.includes('usr/share/zsh/vendor-completions/_nufi'));
    assert.match(fs.readFileSync(at('etc/passwd'), 'utf8'), /^nufi:x:\d+:\d+:nufi daemon:\/var\/lib\/nufi:\/usr\/sbin\/nologin$/m);
    assert.match(fs.readFileSync(at('etc/group'), 'utf8'), /^nufi-admin:x:\d+:$/m);
    const mode = (name) => fs.statSync(at(name)).mode & 0o777;
    assert.deepEqual(
      ['var/lib/nufi', 'run/nufi', 'etc/nufi', 'etc/nufi/nufid.toml'].map(mode),
      [0o700, 0o755, 0o750, 0o640],
    );
  });

  it('starts nothing by itself', () => {
    assert.ok(!filesBelow(root).some((name) => /\.wants\//.test(name)));
  });

  it('has pages and completions that their readers read', () => {
    for (const page of ['man1/nufi.1', 'man1/nufi-doctor.1', 'man5/nufid.toml.5', 'man8/nufid.8']) {
      const text = ok('mandoc', ['-T', 'ascii', at(`usr/share/man/${page}.gz`)]);
      assert.ok(text.length > 1000, page);
    }
    ok('bash', ['-n', at('usr/share/bash-completion/completions/nufi')]);
  });

  it('has a unit that systemd understands and finds well shut in', () => {
    // The root has no targets of its own to be started with.
    for (const name of fs.readdirSync('/usr/lib/systemd/system')) {
      if (/\.target$/.test(name)) fs.copyFileSync(`/usr/lib/systemd/system/${name}`, at(`usr/lib/systemd/system/${name}`));
    }
    const analyze = (...args) => run('systemd-analyze', [...args, `--root=${root}`, 'nufid.service']);
    const verified = analyze('verify', '--man=no');
    const rated = analyze('security', '--offline=true', '--no-pager', `--threshold=${exposureAllowed}`);
    for (const name of filesBelow(at('usr/lib/systemd/system'))) {
      if (/\.target$/.test(name)) fs.rmSync(at(`usr/lib/systemd/system/${name}`));
    }
    assert.deepEqual([verified.code, verified.err], [0, '']);
    console.log(rated.out.trim().split('\n').at(-1));
    assert.equal(rated.code, 0, rated.out);
  });

  it('serves a metered call as its user, from its directories', { skip: !isRoot && 'only root can be its user' }, async () => {
    const { uid, gid } = fs.statSync(at('var/lib/nufi'));
    const socket = at('run/nufi/nufid.sock');
    const places = ['--data-dir', at('var/lib/nufi'), '--socket', socket, '--config', at('etc/nufi/nufid.toml')];
    const doors = ['--listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0'];
    const ids = ['--reuid', uid, '--regid', gid, '--clear-groups'].map(String);
    const program = [at('usr/bin/nufid'), '--system', '--demo', ...places, ...doors];
    const daemon = spawn('setpriv', [...ids, ...program], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => daemon.on('exit', (code) => resolve(code)));
    try {
      let out = '';
      daemon.stdout.on('data', (data) => (out += data));
      await until(() => out.includes('\n'), 20_000, 'the ready line');
      const port = Number(/^nufid: ready on http:\/\/127\.0\.0\.1:(\d+)\/v1/.exec(out)[1]);
      const nufi = (...args) => ok(at('usr/bin/nufi'), args, { env: { NUFI_SOCKET: socket } });
      const key = nufi('keys', 'create', '--name', 'first', '--budget', '1', '--quiet').trim();
      assert.equal((await chat(port, key, { model: 'nufi-echo' })).status, 200);
      const shown = JSON.parse(nufi('keys', 'show', 'first', '--json'));
      assert.ok(shown.spent_usd > 0, JSON.stringify(shown));
      assert.equal(JSON.parse(nufi('requests', '--json')).data.length, 1);
    } finally {
      daemon.kill('SIGTERM');
      assert.equal(await ended, 0);
    }
  });

  it('removed, it leaves configuration and data; purged, the data and its owner alone', () => {
    const others = (name) => !/^(var\/lib\/dpkg\/|var\/lib\/nufi\/|var\/lib\/systemd\/|etc\/(passwd|group|shadow|gshadow)-?$|etc\/\.pwd\.lock$|s?bin$|lib$)/.test(name);
    dpkg('--remove', 'nufi');
    assert.deepEqual(filesBelow(root).filter(others), ['etc/nufi/nufid.toml']);
    dpkg('--purge', 'nufi');
    assert.deepEqual(filesBelow(root).filter(others), []);
    assert.ok(!fs.existsSync(at('etc/nufi')));
    assert.ok(!filesBelow(root).some((name) => /systemd.*nufi/.test(name)));
    assert.ok(fs.existsSync(at('var/lib/nufi')));
    if (isRoot) assert.ok(fs.existsSync(at('var/lib/nufi/nufi.db')), 'who spent what is kept');
  });
});
