// Writes bytes as the text that src/wasm/text.ts reads.

/** Printable ASCII without what a string literal, a template or an inline script would have to escape. */
const ALPHABET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  .filter((c) => !`"'\`\\$<`.includes(c))
  .join("");

/** As many one-character codes as leave two-character ones for the rest of the 256 values. */
const SHORT = ALPHABET.length - Math.ceil((256 - ALPHABET.length) / (ALPHABET.length - 1));

/** Bytes as a module with the exports `alphabet`, `frequent` and `text`, and its types. */
export function textModule(bytes: Uint8Array): { js: string; dts: string } {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const byCount = Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => counts[b] - counts[a] || a - b);
  const frequent = byCount.slice(0, SHORT);
  const order = [...frequent, ...byCount.slice(SHORT).sort((a, b) => a - b)];
  const codes: string[] = [];
  for (const [rank, byte] of order.entries()) {
    const rest = rank - SHORT;
    const A = ALPHABET.length;
    codes[byte] = rest < 0 ? ALPHABET[rank] : ALPHABET[SHORT + Math.floor(rest / A)] + ALPHABET[rest % A];
  }
  const values = {
    alphabet: ALPHABET,
    frequent: Buffer.from(frequent).toString("base64"),
    text: Array.from(bytes, (byte) => codes[byte]).join(""),
  };
  const entries = Object.entries(values);
  return {
    js: entries.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join(""),
    dts: entries.map(([name, value]) => `export declare const ${name}: ${typeof value};\n`).join(""),
  };
}
