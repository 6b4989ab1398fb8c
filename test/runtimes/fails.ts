import { LanewiseError } from "lanewise";
import { check, equal } from "./check.ts";

/** Checks the kind and the text of the error that `body` ends with; a string is what the text begins with. Gives the error. */
export async function fails(
  body: () => unknown,
  code: string,
  message: string | RegExp,
  Kind: typeof LanewiseError = LanewiseError,
): Promise<LanewiseError> {
  const error: unknown = await Promise.resolve()
    .then(body)
    .catch((caught) => caught);
  check(error instanceof Kind, `expected a LanewiseError, got ${error}`);
  equal(error.code, code, "code");
  const fits = typeof message === "string" ? error.message.startsWith(message) : message.test(error.message);
  check(fits, `message expected ${typeof message === "string" ? `"${message}"` : message}, got "${error.message}"`);
  return error;
}

/** Runs `body` while a property of an object is another one. */
export async function replacing<T>(
  target: object,
  name: string,
  value: unknown,
  body: () => T | Promise<T>,
): Promise<T> {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
  try {
    return await body();
  } finally {
    if (before) Object.defineProperty(target, name, before);
    else Reflect.deleteProperty(target, name);
  }
}
