// A real nufid in a home of its own, and the real nufi that talks to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { deadline, until } from './wait.mjs';

const binDir = process.env.NUFI_BIN_DIR ?? path.resolve(import.meta.dirname, '../../../build');
export const short = process.env.NUFI_E2E === 'short';
/// Sanitizer builds are slower: deadlines that are no promise of the product stretch by this.
export const patience = Number(process.env.NUFI_E2E_PATIENCE ?? 1);

const find = (name) =>
  [path.join(binDir, name), path.join(binDir, 'daemon', name), path.join(binDir, 'cli', name)].find(
    (file) => fs.existsSync(file) && fs.statSync(file).isFile(),
  ) ?? name;
export const nufidPath = find('nufid');
export const nufiPath = find('nufi');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/// Runs a program to its end; { code, signal, stdout, stderr }. `input` is its whole standard input.
export function run(file, args, { input = '', env, cwd, timeout = 60_000 * patience } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(child);
    const out = [];
    const err = [];
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => err.push(data));
    child.stdin.on('error', () => {}); // it may end without reading
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      const text = (parts) => Buffer.concat(parts).toString();
      resolve({ code, signal, stdout: text(out), stderr: text(err) });
    });
  });
}

export class Daemon {
  /// Starts nufid and waits for its ready line. `home` reuses what an earlier one left behind;
  /// `under` is a command that becomes nufid (prlimit, env).
  static async start({ args = [], env = {}, home, under = [] } = {}) {
    const daemon = new Daemon();
    daemon.under = under;
    daemon.ownsHome = !home;
    daemon.home = home ?? fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-e2e-'));
    daemon.args = args;
    const at = (name) => path.join(daemon.home, name);
    daemon.env = {
      PATH: `${path.dirname(nufidPath)}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      HOME: daemon.home,
      XDG_DATA_HOME: at('data'),
      XDG_CONFIG_HOME: at('config'),
      XDG_STATE_HOME: at('state'),
      XDG_RUNTIME_DIR: at('run'),
      ...Object.fromEntries(Object.entries(process.env).filter(([k]) => /SAN_OPTIONS$/.test(k))),
      ...env,
    };
    for (const dir of ['data', 'config', 'state', 'run']) {
      fs.mkdirSync(at(dir), { recursive: true, mode: 0o700 });
    }
    await daemon.launch();
    return daemon;
  }

  async launch() {
    const log = fs.openSync(this.logPath, 'a', 0o600);
    const flags = ['--listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0', ...this.args];
    const [program, ...words] = [...this.under, nufidPath, ...flags];
    this.child = spawn(program, words, { env: this.env, stdio: ['ignore', 'pipe', log] });
    fs.closeSync(log);
    running.add(this.child);
    this.asked = false;
    this.stdout = '';
    this.child.stdout.on('data', (data) => (this.stdout += data));
    const child = this.child;
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => resolve({ error }));
      child.on('exit', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    let ended;
    this.exited.then((how) => (ended = how));
    await until(() => this.stdout.includes('\n') || ended, 20_000 * patience, 'the ready line');
    assert.ok(this.stdout.includes('\n'), `nufid ended (${JSON.stringify(ended)}):\n${this.log()}`);
    const ready =
      /^nufid: ready on http:\/\/127\.0\.0\.1:(\d+)\/v1 \((?:console http:\/\/127\.0\.0\.1:(\d+), )?socket ([^)]+)\)\n/;
    const match = ready.exec(this.stdout);
    assert.ok(match, `not the ready line of the manual: ${this.stdout}`);
    this.port = Number(match[1]);
    this.consolePort = match[2] ? Number(match[2]) : undefined;
    this.socket = match[3];
    this.url = `http://127.0.0.1:${this.port}/v1`;
  }

  get pid() {
    return this.child.pid;
  }
  get logPath() {
    return path.join(this.home, 'nufid.log');
  }
  log() {
    return fs.readFileSync(this.logPath, 'utf8');
  }

  /// Runs nufi; never throws on its exit code.
  nufi(args, { input, env = {} } = {}) {
    return run(nufiPath, args, { input, env: { ...this.env, ...env } });
  }

  /// Runs nufi, which must succeed; its standard output.
  async ok(args, options) {
    const result = await this.nufi(args, options);
    assert.equal(result.code, 0, `nufi ${args.join(' ')}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /// Runs nufi with --json, which must succeed; the parsed output.
  async json(args, options) {
    return JSON.parse(await this.ok([...args, '--json'], options));
  }

  /// Makes a key; its JSON with `key`. Options are those of the command line: {budget: 5, rpm: 10}.
  keyCount = 0;
  async key(options = {}) {
    const all = { name: `key-${++this.keyCount}-${process.pid}`, ...options };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return this.json(['keys', 'create', ...args]);
  }

  showKey(name) {
    return this.json(['keys', 'show', name]);
  }

  /// A call of the management API over the socket: { status, json, headers }.
  api(method, target, body) {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text
        ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
        : {};
      const request = http.request(
        {
          socketPath: this.socket,
          method,
          path: target,
          headers: { host: 'localhost', ...headers },
          agent: false,
        },
        (reply) => {
          const parts = [];
          reply.on('data', (data) => parts.push(data));
          reply.on('error', reject);
          reply.on('end', () => {
            const all = Buffer.concat(parts).toString();
            resolve({ status: reply.statusCode, headers: reply.headers, json: all ? JSON.parse(all) : null });
          });
        },
      );
      request.on('error', reject);
      request.end(text);
    });
  }

  /// Every row of the ledger, newest first, page after page.
  async rows(query = '') {
    const all = [];
    let next = '';
    do {
      const page = await this.api('GET', `/v1/requests?last=1000${query}${next}`);
      assert.equal(page.status, 200, JSON.stringify(page.json));
      all.push(...page.json.data);
      next = page.json.next ? `&before=${encodeURIComponent(page.json.next)}` : '';
    } while (next);
    return all;
  }

  /// Adds a scripted upstream and, unless told otherwise, a price for its model.
  async addUpstream(
    upstream,
    { name = 'mock', model = 'test-model', input = 1, output = 10, more = [] } = {},
  ) {
    const key = upstream.secret ? ['--key-stdin'] : ['--no-key'];
    await this.ok(['upstreams', 'add', name, '--url', upstream.url, ...key, ...more], {
      input: upstream.secret ?? '',
    });
    if (input !== undefined && model) {
      await this.ok(['prices', 'set', model, '--input', String(input), '--output', String(output)]);
    }
  }

  async kill9() {
    this.asked = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /// Asks it to stop and waits; its exit status.
  async terminate(signal = 'SIGTERM') {
    this.asked = true;
    this.child.kill(signal);
    return deadline(this.exited, 60_000 * patience, `nufid to stop on ${signal}`);
  }

  /// Ends it and removes what it kept. Fails if it had ended by itself, or a sanitizer spoke.
  async stop() {
    const alone = !running.has(this.child) && !this.asked;
    if (!alone) {
      this.child.kill('SIGTERM');
      const hard = setTimeout(() => this.child.kill('SIGKILL'), 5_000 * patience);
      await this.exited;
      clearTimeout(hard);
    }
    const log = this.log();
    if (this.ownsHome) fs.rmSync(this.home, { recursive: true, force: true });
    const how = JSON.stringify(await this.exited);
    assert.ok(!alone, `nufid ended by itself (${how}):\n${log.slice(-4000)}`);
    assert.ok(!/(ERROR|WARNING|SUMMARY): \w*Sanitizer|runtime error:/.test(log), `a sanitizer spoke:\n${log}`);
  }
}
