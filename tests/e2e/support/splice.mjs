// Comparing what was sent with what arrived, when a few bytes may have been put in between.

/// What must be taken out of `before` and put in instead to get `after`, and where: the bytes around
/// it are the same. { at, removed, added }
export function difference(before, after) {
  const a = Buffer.from(before);
  const b = Buffer.from(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  return {
    at: start,
    removed: a.subarray(start, a.length - end).toString(),
    added: b.subarray(start, b.length - end).toString(),
  };
}
