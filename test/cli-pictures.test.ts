import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { drawnWidth, drawPicture, nearestColor } from "../src/cli/draw.ts";
import { readOrientation, turnUpright } from "../src/cli/orientation.ts";
import { kindOf } from "../src/cli/read-file.ts";
import { readImage } from "../src/cli/read-image.ts";
import { formatBytes, formatCount, formatTable } from "../src/cli/table.ts";

describe("pictures and tables", () => {
  test("orientations: where the first row and column go", () => {
    // 2 x 3 pixels numbered 1 to 6 by rows, as EXIF says they are to be turned.
    const upright: Record<number, number[][]> = {
      1: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      2: [
        [3, 2, 1],
        [6, 5, 4],
      ],
      3: [
        [6, 5, 4],
        [3, 2, 1],
      ],
      4: [
        [4, 5, 6],
        [1, 2, 3],
      ],
      5: [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
      6: [
        [4, 1],
        [5, 2],
        [6, 3],
      ],
      7: [
        [6, 3],
        [5, 2],
        [4, 1],
      ],
      8: [
        [3, 6],
        [2, 5],
        [1, 4],
      ],
    };
    const data = Uint8Array.from({ length: 24 }, (_, i) => Math.floor(i / 4) + 1);
    for (const [orientation, rows] of Object.entries(upright)) {
      const turned = turnUpright({ data, height: 2, width: 3 }, Number(orientation));
      expect([turned.height, turned.width]).toEqual([rows.length, rows[0].length]);
      expect(Array.from(turned.data), orientation).toEqual(
        rows.flat().flatMap((pixel) => [pixel, pixel, pixel, pixel]),
      );
    }
  });

  test("a photo held sideways is read upright", async () => {
    // 16 x 32, left half black, right half white; orientation 6 turns it so that black is on top.
    const data = Uint8Array.from({ length: 16 * 32 * 4 }, (_, i) => (i % 4 === 3 || (i >> 2) % 32 >= 16 ? 255 : 0));
    const { data: plain } = jpeg.encode({ data, height: 16, width: 32 }, 95);
    const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const app1 = [0xff, 0xe1, 0, 2 + 6 + tiff.length, ...Buffer.from("Exif\0\0"), ...tiff];
    const folder = mkdtempSync(join(tmpdir(), "lanewise-photo-"));
    const path = join(folder, "turned");
    writeFileSync(path, Buffer.concat([plain.subarray(0, 2), Buffer.from(app1), plain.subarray(2)]));
    const picture = await readImage(path).finally(() => rmSync(folder, { recursive: true }));
    expect([picture.height, picture.width]).toEqual([32, 16]);
    expect(picture.data[(4 * 16 + 8) * 4]).toBeLessThan(30);
    expect(picture.data[(28 * 16 + 8) * 4]).toBeGreaterThan(225);
    expect(readOrientation(Uint8Array.from(tiff.slice(0, 15)))).toBe(1);
    expect(readOrientation(new Uint8Array())).toBe(1);
  });

  test("kinds of files by their first bytes", () => {
    expect(kindOf(Uint8Array.of(8, 7, 0x3a, 0))).toBe("ONNX");
    expect(kindOf(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10))).toBe("PNG");
    expect(kindOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))).toBe("JPEG");
    expect(kindOf(Buffer.from("GIF89a"))).toBe("a GIF picture");
    expect(kindOf(Buffer.from("RIFF....WEBP"))).toBe("a WebP picture");
    expect(kindOf(Uint8Array.of(8, 0, 1))).toBe("other data");
  });

  test("drawing: a ramp of greys, or two pixels a character", () => {
    const picture = { data: Uint8Array.of(0, 255, 255, 0), height: 2, width: 2 };
    expect(drawPicture(picture, "none")).toHaveLength(1);
    const [line] = drawPicture(picture, "full");
    expect(line).toBe("\x1b[38;2;0;0;0m\x1b[48;2;255;255;255m▀\x1b[38;2;255;255;255m\x1b[48;2;0;0;0m▀\x1b[0m");
    expect(drawnWidth(line)).toBe(2);
    const wide = drawPicture({ data: new Uint8Array(400 * 100), height: 100, width: 400 }, "256");
    expect([wide.length, drawnWidth(wide[0])]).toEqual([4, 32]);
    expect(drawPicture({ data: new Uint8Array(64).fill(255), height: 8, width: 8 }, "none")).toEqual(
      new Array(4).fill("@".repeat(8)),
    );
  });

  test("the nearest of 256 colours", () => {
    expect([nearestColor(0, 0, 0), nearestColor(255, 255, 255), nearestColor(128, 128, 128)]).toEqual([16, 231, 244]);
    expect([nearestColor(255, 0, 0), nearestColor(0, 255, 0), nearestColor(95, 135, 215)]).toEqual([196, 46, 68]);
  });

  test("tables and numbers", () => {
    expect(
      formatTable(
        [
          ["a", "bb"],
          ["ccc\n", "d\x1b"],
        ],
        ["left", "right"],
      ),
    ).toEqual(["a    bb", "ccc  d?"]);
    expect([formatCount(0), formatCount(999), formatCount(1234567)]).toEqual(["0", "999", "1,234,567"]);
    expect([formatBytes(12), formatBytes(1536), formatBytes(5 * 2 ** 20)]).toEqual(["12 B", "1.5 KiB", "5.00 MiB"]);
  });
});
