// Forms as bytes, and sound whose length is known.

export const boundary = 'nufi-test-boundary-7d3f';
export const formType = `multipart/form-data; boundary=${boundary}`;

/// The bytes of a form: [name, value] is a field, [name, bytes, file name] a file.
export function form(parts) {
  const pieces = parts.flatMap(([name, value, file]) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"` +
      (file === undefined ? '\r\n\r\n' : `; filename="${file}"\r\nContent-Type: application/octet-stream\r\n\r\n`),
    value,
    '\r\n',
  ]);
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

/// A WAV file of `seconds` at 16 kHz, 16 bits: 32,000 bytes each, and 44.
export function wav(seconds) {
  const data = Buffer.alloc(Math.round(seconds * 32_000), 7);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(data.length + 36, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(16_000, 24);
  head.writeUInt32LE(32_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
