// Forms as bytes.

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
