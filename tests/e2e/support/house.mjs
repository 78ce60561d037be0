// One nufid and one scripted upstream for all tests of a file.
import { after, before, beforeEach } from 'node:test';

import { Daemon } from './daemon.mjs';
import { Upstream } from './upstream.mjs';

/// Registers start and stop; the result has `daemon`, `upstream` and `port` once tests run.
export function house({ args = [], env = {}, upstream = {}, add = {} } = {}) {
  const it = {};
  before(async () => {
    it.upstream = await Upstream.start(upstream);
    it.daemon = await Daemon.start({ args, env });
    it.port = it.daemon.port;
    await it.daemon.addUpstream(it.upstream, add);
  });
  beforeEach(() => it.upstream?.clear());
  after(async () => {
    await it.daemon?.stop();
    await it.upstream?.stop();
  });
  return it;
}
