// A private root and a certificate for 127.0.0.1, made on the spot.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { run } from './daemon.mjs';

/// Writes ca.pem, key.pem and cert.pem into `dir`; `names` are the certificate's alternative names.
export async function makeCertificate(dir, names = 'IP:127.0.0.1,DNS:localhost') {
  const at = (name) => path.join(dir, name);
  const openssl = async (...args) => {
    const result = await run('openssl', args, { env: process.env });
    assert.equal(result.code, 0, result.stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test root',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  await openssl('req', ...key, '-subj', '/CN=upstream', '-keyout', at('key.pem'), '-out', at('cert.csr'));
  fs.writeFileSync(at('ext'), `subjectAltName=${names}\n`);
  await openssl(
    'x509',
    '-req',
    '-in',
    at('cert.csr'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('ext'),
    '-out',
    at('cert.pem'),
  );
  return { ca: at('ca.pem'), key: at('key.pem'), cert: at('cert.pem') };
}
