// Checks an RFC 6962 inclusion proof in the browser: the page does not have to believe the server.

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (array) => Array.from(array, (b) => b.toString(16).padStart(2, "0")).join("");

async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const node = (left, right) => sha256(Uint8Array.of(1), left, right);

// RFC 9162, section 2.1.3.2.
export async function included(event, index, size, path, root) {
  if (index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = await sha256(Uint8Array.of(0), new TextEncoder().encode(event));
  for (const step of path.map(bytes)) {
    if (sn === 0) return false;
    if (fn & 1 || fn === sn) {
      hash = await node(step, hash);
      while (!(fn & 1) && fn !== 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = await node(hash, step);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn === 0 && hex(hash) === root;
}
