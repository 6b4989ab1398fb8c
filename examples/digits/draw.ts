// Draws the digits 0..9 as with a felt pen on white paper and writes them as 0.png ... 9.png here: `npx tsx examples/digits/draw.ts`.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** The pen's way for each digit, in a box of 100 by 100, x to the right and y down; smooth within a stroke, a corner between two. */
const STROKES: readonly (readonly Stroke[])[] = [
  [
    [
      [58, 4],
      [40, 3],
      [24, 24],
      [20, 55],
      [29, 86],
      [47, 98],
      [68, 85],
      [79, 52],
      [73, 20],
      [57, 3],
      [46, 6],
    ],
  ],
  [
    [
      [38, 22],
      [47, 13],
      [56, 1],
    ],
    [
      [56, 1],
      [54, 35],
      [50, 70],
      [47, 99],
    ],
  ],
  [
    [
      [24, 24],
      [33, 7],
      [52, 1],
      [70, 11],
      [70, 32],
      [54, 56],
      [36, 76],
      [21, 93],
    ],
    [
      [21, 93],
      [40, 91],
      [60, 95],
      [80, 93],
    ],
  ],
  [
    [
      [25, 13],
      [43, 2],
      [63, 7],
      [69, 23],
      [60, 38],
      [42, 46],
    ],
    [
      [42, 46],
      [63, 50],
      [75, 68],
      [66, 89],
      [45, 98],
      [22, 89],
    ],
  ],
  [
    [
      [42, 2],
      [33, 28],
      [19, 61],
    ],
    [
      [19, 61],
      [48, 59],
      [82, 57],
    ],
    [
      [66, 27],
      [63, 60],
      [58, 99],
    ],
  ],
  [
    [
      [73, 3],
      [52, 5],
      [33, 5],
    ],
    [
      [33, 5],
      [30, 24],
      [26, 44],
    ],
    [
      [26, 44],
      [45, 37],
      [65, 44],
      [75, 64],
      [65, 88],
      [43, 98],
      [22, 90],
    ],
  ],
  [
    [
      [64, 2],
      [46, 16],
      [31, 43],
      [26, 72],
      [37, 94],
      [55, 96],
      [69, 82],
      [67, 64],
      [52, 56],
      [37, 64],
      [28, 78],
    ],
  ],
  [
    [
      [21, 7],
      [38, 9],
      [57, 7],
      [77, 4],
    ],
    [
      [77, 4],
      [62, 34],
      [50, 66],
      [43, 99],
    ],
  ],
  [
    [
      [68, 15],
      [54, 2],
      [36, 6],
      [32, 24],
      [47, 43],
      [66, 61],
      [71, 82],
      [56, 97],
      [36, 95],
      [27, 79],
      [38, 60],
      [57, 43],
      [68, 26],
      [65, 11],
    ],
  ],
  [
    [
      [71, 20],
      [57, 4],
      [38, 8],
      [28, 28],
      [36, 46],
      [53, 45],
      [67, 30],
      [71, 17],
    ],
    [
      [71, 17],
      [69, 50],
      [60, 99],
    ],
  ],
];

const STEPS = 24; // points of a drawn curve between two given points

/** The points of a smooth curve (uniform Catmull-Rom) through all points of a stroke. */
function smooth(stroke: Stroke): Point[] {
  const at = (i: number) => stroke[Math.min(stroke.length - 1, Math.max(0, i))]!;
  const points: Point[] = [];
  for (let i = 0; i + 1 < stroke.length; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const along = (axis: 0 | 1, t: number) => {
      const enter = (c[axis] - a[axis]) / 2;
      const leave = (d[axis] - b[axis]) / 2;
      const step = c[axis] - b[axis];
      return b[axis] + t * (enter + t * (3 * step - 2 * enter - leave + t * (enter + leave - 2 * step)));
    };
    for (let s = i === 0 ? 0 : 1; s <= STEPS; s++) points.push([along(0, s / STEPS), along(1, s / STEPS)]);
  }
  return points;
}

/** Where and how large a digit is drawn, in pixels of a square picture. */
export interface DrawOptions {
  /** Height and width of the picture; 140 unless given. */
  readonly size?: number;
  /** Height of the digit, pen included; 5/7 of the size unless given, as MNIST's 20 of 28. */
  readonly height?: number;
  /** Width of the pen; 1/12 of the size unless given. */
  readonly pen?: number;
  /** The centre of the digit's box; the centre of the picture unless given. */
  readonly centre?: Point;
}

/** Grey pixels (0 ink, 255 paper), row by row, of a digit drawn with a round pen. */
export function drawDigit(digit: number, options: DrawOptions = {}): Uint8Array {
  const { size = 140, height = (size * 5) / 7, pen = size / 12, centre = [size / 2, size / 2] } = options;
  const scale = (height - pen) / 100;
  const ink = new Float64Array(size * size);
  for (const [index, stroke] of STROKES[digit]!.entries()) {
    for (const [i, [px, py]] of smooth(stroke).entries()) {
      const x = centre[0] + (px - 50) * scale - 0.5; // pixel centres lie on whole numbers
      const y = centre[1] + (py - 50) * scale - 0.5;
      const radius = (pen / 2) * (1 + 0.1 * Math.sin(i / 9 + digit + 2 * index)); // a hand presses unevenly
      for (let v = Math.max(0, Math.floor(y - radius)); v <= Math.min(size - 1, Math.ceil(y + radius)); v++) {
        for (let u = Math.max(0, Math.floor(x - radius)); u <= Math.min(size - 1, Math.ceil(x + radius)); u++) {
          const cover = Math.min(1, radius + 0.5 - Math.hypot(u - x, v - y));
          ink[v * size + u] = Math.max(ink[v * size + u]!, cover);
        }
      }
    }
  }
  return Uint8Array.from(ink, (cover) => Math.round(255 - 235 * cover));
}

function writeDigits(folder: string): void {
  for (let digit = 0; digit < 10; digit++) {
    const grey = drawDigit(digit);
    const size = Math.sqrt(grey.length);
    const png = new PNG({ width: size, height: size });
    for (const [i, value] of grey.entries()) png.data.set([value, value, value, 255], 4 * i);
    writeFileSync(join(folder, `${digit}.png`), PNG.sync.write(png, { colorType: 0 }));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeDigits(dirname(fileURLToPath(import.meta.url)));
