/** Readers of option values. What they refuse is wrong usage. */
import { InvalidArgumentError } from "commander";

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError(`Expected a positive integer.`);
  }
  return value;
}

/** One number, or three with commas. */
export function channelValues(text: string): number[] {
  const values = text.split(",").map(finiteNumber);
  if (values.length !== 1 && values.length !== 3) {
    throw new InvalidArgumentError(`Expected one number or three, such as 0.485,0.456,0.406.`);
  }
  return values;
}

/** "0..1" as [0, 1]. */
export function valueRange(text: string): [number, number] {
  const ends = text.split("..");
  const [low, high] = ends.map(finiteNumber);
  if (ends.length !== 2 || low === high) {
    throw new InvalidArgumentError(`Expected two different numbers, such as 0..255 or -1..1.`);
  }
  return [low, high];
}

/** "name=1,3,224,224" or "1,3,224,224", gathered by name; "" is the first input. */
export function namedShape(text: string, shapes: ReadonlyMap<string, number[]> = new Map()): Map<string, number[]> {
  const split = text.lastIndexOf("=");
  const shape = text
    .slice(split + 1)
    .split(",")
    .map(positiveInteger);
  return new Map(shapes).set(text.slice(0, Math.max(0, split)), shape);
}

/** A number of at least 0. */
export function tolerance(text: string): number {
  const value = finiteNumber(text);
  if (value < 0) throw new InvalidArgumentError("Expected a number of at least 0.");
  return value;
}

/** All values of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}
