// Bytes as text that stays small when a server compresses it. Base64 puts three bytes on four characters, which hides the
// repetitions that gzip lives on (24 KB where the bytes take 15.6 KB). Here each of the frequent byte values is one
// character and each other value is two, so that equal bytes are equal text: 15.7 KB.

export interface BytesAsText {
  /** The characters in use; a character's place is its digit. */
  readonly alphabet: string;
  /** The most frequent byte values, in base64: each is one digit. The others follow in ascending order, and are two. */
  readonly frequent: string;
  readonly text: string;
}

export function bytesFromText({ alphabet, frequent, text }: BytesAsText): Uint8Array<ArrayBuffer> {
  const values = new Set(Array.from(atob(frequent), (character) => character.charCodeAt(0)));
  const short = values.size;
  for (let value = 0; value < 256; value++) values.add(value);
  const order = Uint8Array.from(values);
  const base = alphabet.length;
  const digits = new Uint8Array(128);
  for (let i = 0; i < base; i++) digits[alphabet.charCodeAt(i)] = i;
  // Decoded in place: what is written is never ahead of what is read.
  const bytes = new TextEncoder().encode(text);
  let count = 0;
  for (let i = 0; i < bytes.length; i++) {
    let place = digits[bytes[i]];
    if (place >= short) place = short + (place - short) * base + digits[bytes[++i]];
    bytes[count++] = order[place];
  }
  return bytes.subarray(0, count);
}
