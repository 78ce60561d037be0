// Every rule fires on a planted fault, and only there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';

const lint = path.join(import.meta.dirname, 'lint.mjs');
const style = fs.readFileSync(path.join(import.meta.dirname, '../../.clang-format'), 'utf8');

/// Runs lint over a tree of these files; its output lines.
function faults(files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'nufi-lint-'));
  try {
    fs.writeFileSync(path.join(root, '.clang-format'), style);
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text);
    }
    const { stdout, status } = spawnSync(process.execPath, [lint, root], { encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean);
    assert.equal(status, lines.length ? 1 : 0);
    return lines;
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

const include = (target) =>
  `#include ${target.startsWith('lib/') || target.startsWith('tests/') ? `"${target}"` : `<${target}>`}\n`;

describe('lint', () => {
  const planted = {
    'domain knows store': ['lib/domain/x.hpp', include('lib/store/store.hpp')],
    'base knows domain': ['lib/base/x.cpp', include('lib/domain/money.hpp')],
    'gateway knows service': ['lib/gateway/x.cpp', include('lib/service/keys.hpp')],
    'net knows domain': ['lib/net/x.cpp', include('lib/domain/call.hpp')],
    'cli knows store': ['cli/x.cpp', include('lib/store/store.hpp')],
    'cli knows ledger': ['cli/x.cpp', include('lib/ledger/ledger.hpp')],
    'api knows store': ['lib/api/x.cpp', include('lib/store/store.hpp')],
    'the program knows its tests': ['lib/base/x.cpp', include('tests/support/fake.hpp')],
    'httplib in a route': ['daemon/routes_keys.cpp', include('httplib.h')],
    'httplib in gateway': ['lib/gateway/x.cpp', include('httplib.h')],
    'Boost in gateway': ['lib/gateway/x.cpp', include('boost/asio.hpp')],
    'Boost in cli': ['cli/x.cpp', include('boost/asio.hpp')],
    'SQLite in service': ['lib/service/x.cpp', include('SQLiteCpp/SQLiteCpp.h')],
    'SQLite in a store interface': ['lib/store/keys.hpp', include('sqlite3.h')],
    'nlohmann in service': ['lib/service/x.cpp', include('nlohmann/json.hpp')],
    'nlohmann in domain': ['lib/domain/x.cpp', include('nlohmann/json.hpp')],
    'simdjson in gateway': ['lib/gateway/x.cpp', include('simdjson.h')],
    'spdlog outside log': ['lib/net/x.cpp', include('spdlog/spdlog.h')],
    'threads in domain': ['lib/domain/x.cpp', include('thread')],
    'files in domain': ['lib/domain/x.cpp', include('fstream')],
    'the environment in service': ['lib/service/x.cpp', 'auto x = std::getenv("HOME");\n'],
    'the environment in a command': ['cli/cmd_keys.cpp', 'auto x = getenv("HOME");\n'],
    'now() in service': ['lib/service/x.cpp', 'auto x = std::chrono::system_clock::now();\n'],
    'clock_gettime in net': ['lib/net/x.cpp', 'int x = clock_gettime(0, nullptr);\n'],
    'steady now() in ledger': ['lib/ledger/x.cpp', 'auto x = std::chrono::steady_clock::now();\n'],
    'time(nullptr)': ['daemon/app.cpp', 'auto x = time(nullptr);\n'],
    'a sleep in a test': ['tests/lib/base/x_test.cpp', 'auto x = [] { std::this_thread::sleep_for(y); };\n'],
    'a detached thread': ['daemon/app.cpp', 'auto x = [] { thread.detach(); };\n'],
    'a long file': ['lib/base/x.cpp', 'int x;\n'.repeat(501).replaceAll('int x;', () => `int x;`)],
    formatting: ['lib/base/x.cpp', 'int  x ;\n'],
    'a leftover': ['README.md', `${'TO'}${'DO'}: more\n`],
    'another leftover': ['lib/base/x.cpp', `// ${'FIX'}${'ME'}\n`],
    'trailing whitespace': ['README.md', 'text \n'],
    'no newline at the end': ['README.md', 'text'],
  };
  for (const [name, [file, text]] of Object.entries(planted)) {
    it(`finds: ${name}`, () => {
      const found = faults({ [file]: text });
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0].startsWith(`${file}:`), found[0]);
    });
  }

  it('finds nothing in good files', () => {
    const good = {
      'lib/domain/x.cpp': `${include('lib/base/id.hpp')}\n// getenv and system_clock::now() in a comment\nconst char* x = "getenv";\n`,
      'lib/ledger/x.cpp': include('lib/store/store.hpp'),
      'lib/gateway/x.cpp': include('lib/net/relay.hpp'),
      'lib/net/x.cpp': include('boost/beast.hpp'),
      'lib/store/sqlite/x.cpp': include('SQLiteCpp/SQLiteCpp.h'),
      'lib/api/client.cpp': include('httplib.h'),
      'lib/base/clock.cpp': 'auto x = std::chrono::system_clock::now();\n',
      'daemon/control_server.cpp': include('httplib.h'),
      'daemon/config.cpp': 'auto x = std::getenv("HOME");\nauto y = 1\'000\'000;\n',
      'tests/lib/net/x_test.cpp': include('boost/asio.hpp'),
      'lib/base/long.cpp': 'int x;\n'.repeat(500),
      'build/x.cpp': 'int  x ; \n',
      'README.md': 'text\n',
    };
    assert.deepEqual(faults(good), []);
  });
});
