// Request bodies as bytes, and the ways to spoil them that every endpoint must refuse.

/// A JSON object from the text of its members, with much that a serializer would tidy away: spaces,
/// escapes, numbers in odd spellings, and fields given twice that nobody decides on.
export const odd = (members) =>
  `{ ${members} ,"x" : 1.0, "x":1E+2,"é\\u00e9":"\\ud83d\\ude00 \\/ 😀","seed":9007199254740993,\r\n\t` +
  '"metadata":{"model":"other","MODEL":1,"stream":true,"n":[1e-7,-0.0,123456789012345678901234567890]} } \n';

class JsonBody {
  type = 'application/json';
  constructor(text) {
    this.text = text;
  }
  get bytes() {
    return Buffer.from(this.text);
  }
  #with(from, to) {
    if (!this.text.includes(from)) throw new Error(`no ${from} in ${this.text}`);
    return new JsonBody(this.text.replace(from, to));
  }
  #model() {
    return /"model" ?: ?"([^"]*)"/.exec(this.text)[0];
  }
  withModel(name) {
    return this.#with(this.#model(), this.#model().replace(/"[^"]*"$/, JSON.stringify(name)));
  }
  /// The member that adds itself at the front, as a splice does.
  withFirst(member) {
    return this.#with('{', `{${member},`);
  }
  /// What is wrong with it: { why, body, code, param }.
  spoiled() {
    const model = this.#model();
    const twice = { code: 'invalid_value', param: 'model' };
    return [
      {
        why: 'cut short',
        body: new JsonBody(this.text.trimEnd().slice(0, -1)),
        code: 'invalid_json',
        param: null,
      },
      { why: 'something behind it', body: new JsonBody(`${this.text}]`), code: 'invalid_json', param: null },
      { why: 'a list', body: new JsonBody(`[${this.text}]`), code: 'invalid_json', param: null },
      { why: 'the model is a number', body: this.#with(model, '"model":7'), ...twice },
      { why: 'the model twice', body: this.#with(model, `"model":"other",${model}`), ...twice },
      { why: 'the model in another case too', body: this.#with(model, `"MODEL":"other",${model}`), ...twice },
    ];
  }
}

const boundary = "----conformance'()+_,-./:=?7MA4";

class FormBody {
  /// `parts`: {name, value} or {name, filename, data, type}.
  constructor(parts, end = '--\r\n') {
    this.type = `multipart/form-data; boundary="${boundary}"`;
    this.parts = parts;
    this.end = end;
  }
  get bytes() {
    const all = [];
    for (const { name, value, filename, data, type } of this.parts) {
      const file = filename ? `; filename="${filename}"\r\ncontent-TYPE:  ${type}` : '';
      all.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`));
      all.push(Buffer.from(data ?? value), Buffer.from('\r\n'));
    }
    return Buffer.concat([...all, Buffer.from(`--${boundary}${this.end}`)]);
  }
  #mapped(change) {
    return new FormBody(this.parts.flatMap((part) => (part.name === 'model' ? change(part) : [part])));
  }
  withModel(name) {
    return this.#mapped((part) => [{ ...part, value: name }]);
  }
  spoiled() {
    const twice = { code: 'invalid_value', param: 'model' };
    return [
      { why: 'cut short', body: new FormBody(this.parts, '') },
      { why: 'the model twice', body: this.#mapped((part) => [part, part]), ...twice },
      {
        why: 'the model in another case too',
        body: this.#mapped((part) => [{ ...part, name: 'Model' }, part]),
        ...twice,
      },
    ];
  }
}

export const json = (members) => new JsonBody(odd(members));
export const form = (parts) => new FormBody(parts);

/// Bytes that look like the end of a part and are none.
export const tricky = Buffer.concat([
  Buffer.from(
    'RIFF\0\r\n--\r\n----conformance\r\nContent-Disposition: form-data; name="model"\r\n\r\nother\r\n',
  ),
  Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919) & 255)),
]);
