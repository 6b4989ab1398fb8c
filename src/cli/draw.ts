/** Pictures in the terminal. */
import { fromPixels, type Picture } from "../image/index.ts";
import type { ColorDepth } from "./output.ts";

const MAX_COLUMNS = 32;
const MAX_ROWS = 24; // lines of text; a character is about twice as high as wide
const RAMP = " .:-=+*#%@"; // dark to light, for light text on a dark ground

/**
 * Lines of text that show the picture, all equally wide. With colours, each character is two pixels, one over the
 * other; without, one character of a ramp of greys.
 */
export function drawPicture(picture: Picture, depth: ColorDepth): string[] {
  const scale = Math.min(MAX_COLUMNS / picture.width, (MAX_ROWS * 2) / picture.height, 1);
  const width = Math.max(1, Math.round(picture.width * scale));
  const lines = Math.max(1, Math.round((picture.height * scale) / 2));
  return depth === "none" ? drawGrey(picture, lines, width) : drawColor(picture, lines, width, depth);
}

/** The number of columns that a line of `drawPicture` takes on the screen. */
export function drawnWidth(line: string): number {
  return Array.from(line.replace(/\p{Cc}\[[\d;]*m/gu, "")).length;
}

function drawGrey(picture: Picture, lines: number, width: number): string[] {
  const { data } = fromPixels(picture, { size: [lines, width], grayscale: true, range: [0, RAMP.length - 1] });
  return Array.from({ length: lines }, (_, line) =>
    Array.from(data.subarray(line * width, (line + 1) * width), (level) => RAMP[Math.round(level)]).join(""),
  );
}

function drawColor(picture: Picture, lines: number, width: number, depth: ColorDepth): string[] {
  const { data } = fromPixels(picture, { size: [lines * 2, width], layout: "nhwc", range: [0, 255] });
  const color = (row: number, column: number) => {
    const at = (row * width + column) * 3;
    const [red, green, blue] = data.subarray(at, at + 3);
    return depth === "full" ? `2;${red};${green};${blue}` : `5;${nearestColor(red, green, blue)}`;
  };
  return Array.from({ length: lines }, (_, line) => {
    let text = "";
    for (let w = 0; w < width; w++) text += `\x1b[38;${color(line * 2, w)}m\x1b[48;${color(line * 2 + 1, w)}m▀`;
    return `${text}\x1b[0m`;
  });
}

/** The closest of the 256 colours of a terminal: 24 greys from 232, or a cube of 6 x 6 x 6 from 16. */
export function nearestColor(red: number, green: number, blue: number): number {
  if (Math.max(red, green, blue) - Math.min(red, green, blue) < 12) {
    const grey = Math.round(((red + green + blue) / 3 - 8) / 10);
    if (grey < 0) return 16;
    return grey > 23 ? 231 : 232 + grey;
  }
  const step = (level: number) => (level < 48 ? 0 : level < 115 ? 1 : Math.floor((level - 35) / 40));
  return 16 + 36 * step(red) + 6 * step(green) + step(blue);
}
