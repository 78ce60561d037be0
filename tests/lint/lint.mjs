// Fails on a broken wall, a file that outgrew its reader, formatting, leftovers. It looks at the files
// below ROOT (default: the repository) and prints one line per fault: path:line: what.
//   node lint.mjs [ROOT]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { longest, packages, rooms, words } from './rules.mjs';

const root = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, '../..'));
const faults = [];
const fault = (file, line, what) => faults.push(`${file}:${line}: ${what}`);

const skipped = /^(\.git|build.*|node_modules)$/;
function* walk(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (skipped.test(entry.name)) continue;
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(full);
    else if (entry.isFile()) yield path.relative(root, full);
  }
}

/// The code without comments and the insides of strings, line for line.
function bare(text) {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([^(\s]*)\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g;
  return text.replace(token, (match, _, at) => {
    if (match[0] === "'" && /[0-9a-fA-F]/.test(text[at - 1] ?? '')) return match; // 1'000'000
    return match.replace(/[^\n]/g, ' ');
  });
}

const roomOf = (file) => Object.keys(rooms).find((room) => file.startsWith(`${room}/`));

function checkIncludes(file, lines) {
  const room = roomOf(file);
  lines.forEach((line, index) => {
    const match = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line);
    if (!match) return;
    const [, target] = match;
    const other = roomOf(target);
    if (room && other && other !== room && !rooms[room].includes(other)) {
      fault(file, index + 1, `${room} may not know ${other}`);
    }
    if (room && target.startsWith('tests/')) fault(file, index + 1, 'the program may not know its tests');
    if (file.startsWith('tests/')) return;
    for (const { name, include, files } of packages) {
      if (include.test(target) && !files.test(file))
        fault(file, index + 1, `${name} (${target}) may not be included here`);
    }
  });
}

function checkWords(file, text) {
  bare(text)
    .split('\n')
    .forEach((line, index) => {
      for (const { name, pattern, files } of words) {
        if (pattern.test(line) && !files.test(file)) fault(file, index + 1, name);
      }
    });
}

function checkText(file, lines) {
  const leftover = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
  lines.forEach((line, index) => {
    if (leftover.test(line)) fault(file, index + 1, `a leftover: ${leftover.exec(line)[0]}`);
    if (/[ \t]+$/.test(line)) fault(file, index + 1, 'trailing whitespace');
  });
  if (lines.at(-1) !== '') fault(file, lines.length, 'no newline at the end');
}

function checkFormat(files) {
  const tool = ['clang-format-14', 'clang-format'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (!tool) return fault('.clang-format', 1, 'clang-format is not installed');
  for (let at = 0; at < files.length; at += 50) {
    const args = ['--dry-run', '-Werror', '--style=file', ...files.slice(at, at + 50)];
    const { stderr } = spawnSync(tool, args, { cwd: root, encoding: 'utf8' });
    const seen = new Set();
    for (const [, file, line] of stderr.matchAll(/^(\S+?):(\d+):\d+: error:/gm)) {
      if (!seen.has(file)) fault(file, line, 'not formatted: clang-format -i');
      seen.add(file);
    }
  }
}

const code = [];
const binary = (bytes) => bytes.includes(0);
// What the fuzzers begin with is bytes, whatever it looks like.
const isInput = (file) => file.startsWith('tests/fuzz/corpus/');
for (const file of walk(root)) {
  const bytes = fs.readFileSync(path.join(root, file));
  if (isInput(file) || binary(bytes)) continue;
  const text = bytes.toString();
  const lines = text.split('\n');
  checkText(file, lines);
  const isCpp = /\.[ch]pp$/.test(file);
  if ((isCpp || /\.m?js$/.test(file)) && lines.length - 1 > longest) {
    fault(file, longest + 1, `${lines.length - 1} lines, at most ${longest}`);
  }
  if (!isCpp) continue;
  code.push(file);
  checkIncludes(file, lines);
  checkWords(file, text);
}
checkFormat(code);

faults.forEach((line) => console.log(line));
console.error(faults.length ? `${faults.length} faults` : `${code.length} sources, no fault`);
process.exitCode = faults.length ? 1 : 0;
