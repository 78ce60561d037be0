// A directory of its own for each test of the packages, and programs that must succeed in it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const source = path.resolve(import.meta.dirname, '../..');
export const buildDir = process.env.NUFI_BUILD_DIR ?? path.join(source, 'build-release');
export const cmake = process.env.NUFI_CMAKE ?? 'cmake';
export const isRoot = process.getuid() === 0;
const cpack = process.env.NUFI_CPACK ?? 'cpack';

/// Others may pass through it: the service's user has to.
export function scratch(name) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `nufi-${name}-`));
  fs.chmodSync(directory, 0o755);
  return directory;
}

/// Runs a program to its end; { code, out, err }.
export function run(program, args, { env = {}, input = '' } = {}) {
  const result = spawnSync(program, args, {
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: '/nonexistent', ...env },
    input,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 << 20,
  });
  assert.ifError(result.error);
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/// As run(), and it must exit with 0; its standard output.
export function ok(program, args, options) {
  const result = run(program, args, options);
  assert.equal(result.code, 0, `${program} ${args.join(' ')}\n${result.out}${result.err}`);
  return result.out;
}

/// The package of `kind` (DEB, RPM), made in `directory` of what is built; its path.
export function makePackage(kind, directory) {
  const config = path.join(buildDir, 'CPackConfig.cmake');
  // As of somebody careful: what is packed is for everyone all the same.
  const umask = process.umask(0o077);
  ok(cpack, ['--config', config, '-G', kind, '-B', directory], { env: { HOME: directory } });
  process.umask(umask);
  const made = fs.readdirSync(directory).filter((name) => name.endsWith(`.${kind.toLowerCase()}`));
  assert.equal(made.length, 1, `packages: ${made}`);
  return path.join(directory, made[0]);
}

/// Every file below `root` (no directories), as paths from there.
export function filesBelow(root) {
  return fs
    .readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/// What both packages and a plain installation bring, below their prefix; pages without .gz.
export const everywhere = [
  'bin/nufi',
  'bin/nufid',
  'lib/systemd/system/nufid.service',
  'lib/systemd/system/nufid.socket',
  'lib/systemd/user/nufid.service',
  'lib/systemd/user/nufid.socket',
  'lib/sysusers.d/nufi.conf',
  'lib/tmpfiles.d/nufi.conf',
  'share/bash-completion/completions/nufi',
  'share/doc/nufi/README.md',
  'share/doc/nufi/examples/nufid.toml',
  'share/fish/vendor_completions.d/nufi.fish',
  'share/man/man1/nufi.1',
  'share/man/man5/nufid.toml.5',
  'share/man/man8/nufid.8',
];
