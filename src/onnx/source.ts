import {
  AbortedError,
  ArgumentError,
  checkAborted,
  expected,
  LanewiseError,
  MalformedModelError,
  RuntimeError,
} from "../errors.ts";

/** An ONNX file, or where to get it. */
export type ModelSource = Uint8Array | ArrayBuffer | Blob | Response | ReadableStream<Uint8Array> | URL;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is told how many bytes have come, and how many there are in all: 0 if that is not known. */
  readonly onBytes: (loaded: number, total: number) => void;
}

const WHERE = "loadModel";

/**
 * The bytes of a source.
 *
 * @throws ArgumentError for anything else, and for a body or stream that is read already.
 * @throws RuntimeError for a response that is no success, and a connection that fails.
 * @throws MalformedModelError if there are no bytes.
 * @throws AbortedError if `signal` fires.
 */
export async function bytesOf(source: ModelSource, options: DownloadOptions): Promise<Uint8Array> {
  checkAborted(options.signal, WHERE);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isBuffer(source)) return new Uint8Array(source);
  if (isURL(source)) return bytesOf(await download(source, options), options);
  if (isResponse(source)) return readResponse(source, options);
  if (isBlob(source)) return notEmpty(await readStream(source.stream(), source.size, "the blob", options), "the blob");
  if (isStream(source)) return notEmpty(await readStream(source, 0, "the stream", options), "the stream");
  const kinds = "a Uint8Array, ArrayBuffer, Blob, Response, ReadableStream or URL";
  const hint = typeof source === "string" ? ` "${source}" (give a URL as new URL("..."))` : undefined;
  throw new ArgumentError(
    hint ? `${WHERE}: source expected ${kinds}, got${hint}` : expected(WHERE, "source", kinds, source),
  );
}

async function download(url: URL, { signal }: DownloadOptions): Promise<Response> {
  if (typeof fetch === "undefined") {
    throw new RuntimeError(`${WHERE}: runtime expected to have fetch to load ${url}, got none`);
  }
  try {
    return await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    throw unreadable(url.href, cause, signal);
  }
}

async function readResponse(response: Response, options: DownloadOptions): Promise<Uint8Array> {
  const name = response.url || "the response";
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    throw new RuntimeError(`${WHERE}: ${name} expected to be found, got HTTP status ${status}`);
  }
  if (response.bodyUsed)
    throw new ArgumentError(`${WHERE}: body of ${name} expected to be unread, got one read before`);
  // The length that headers give is that of the compressed bytes.
  const length = response.headers.get("content-encoding") ? 0 : Number(response.headers.get("content-length"));
  const total = Number.isSafeInteger(length) ? length : 0;
  const bytes = response.body ? await readStream(response.body, total, name, options) : new Uint8Array(0);
  return notEmpty(bytes, name);
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  total: number,
  name: string,
  { signal, onBytes }: DownloadOptions,
): Promise<Uint8Array> {
  if (stream.locked) throw new ArgumentError(`${WHERE}: ${name} expected to be unread, got one that is being read`);
  const reader = stream.getReader();
  // Ends a read that waits; the loop then finds the signal.
  const cancel = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  try {
    onBytes(0, total);
    for (;;) {
      const { done, value } = await reader.read();
      checkAborted(signal, WHERE);
      if (done) break;
      if (!(value instanceof Uint8Array))
        throw new ArgumentError(expected(WHERE, `chunk of ${name}`, "a Uint8Array", value));
      chunks.push(value);
      loaded += value.length;
      onBytes(loaded, total > 0 ? Math.max(total, loaded) : 0);
    }
  } catch (cause) {
    cancel();
    throw unreadable(name, cause, signal);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  return joined(chunks, loaded);
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function notEmpty(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length > 0) return bytes;
  throw new MalformedModelError(`${WHERE}: ${name} expected an ONNX file, got no bytes`);
}

/** What failed while bytes were on their way: an abort, an error of ours, or that of the connection in words. */
function unreadable(name: string, cause: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return new AbortedError(`${WHERE}: aborted`, { cause: signal.reason });
  if (cause instanceof LanewiseError) return cause;
  const reason = cause instanceof Error && cause.cause instanceof Error ? `${cause} (${cause.cause.message})` : cause;
  return new RuntimeError(expected(WHERE, name, "to be read to its end", String(reason)), { cause });
}

// What comes from another realm (a frame, a test environment) or a polyfill is no instance of this realm's classes.
function isBuffer(source: object): source is ArrayBuffer {
  return ["[object ArrayBuffer]", "[object SharedArrayBuffer]"].includes(Object.prototype.toString.call(source));
}

function isURL(source: object): source is URL {
  return Object.prototype.toString.call(source) === "[object URL]";
}

function isResponse(source: object): source is Response {
  return has(source, "status") && has(source, "headers") && has(source, "arrayBuffer");
}

function isBlob(source: object): source is Blob {
  return has(source, "size") && has(source, "stream");
}

function isStream(source: object): source is ReadableStream<Uint8Array> {
  return has(source, "getReader");
}

function has(source: object, name: string): boolean {
  return typeof source === "object" && source !== null && name in source;
}
