// The door on 127.0.0.1:6835, asked as a browser or a program asks it.
import http from 'node:http';

/// One request; { status, headers, text, json }. `headers` may name any Host.
export function ask(daemon, method, target, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = http.request(
      {
        host: '127.0.0.1',
        port: daemon.consolePort,
        method,
        path: target,
        agent: false,
        headers: {
          ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
          ...headers,
        },
      },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => {
          const all = Buffer.concat(parts).toString();
          let json;
          try {
            json = JSON.parse(all);
          } catch {
            // a page
          }
          resolve({ status: response.statusCode, headers: response.headers, text: all, json });
        });
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });
