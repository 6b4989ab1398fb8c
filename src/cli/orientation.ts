/** How a camera was held, from EXIF, and turning pictures upright. */
import type { Picture } from "../image/index.ts";

const ORIENTATION_TAG = 0x0112;

/** The orientation, 1 to 8, in the TIFF data of an EXIF block; 1 (upright) if it does not say. */
export function readOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (view.byteLength < 8) return 1;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949; // "II", and "MM" for big endian
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12; // tag, type, count, value
    if (entry + 12 > view.byteLength) return 1;
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The RGBA picture as it is to be seen. */
export function turnUpright(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const swapped = orientation >= 5; // rows become columns
  const flipH = [3, 4, 6, 7].includes(orientation);
  const flipW = [2, 3, 7, 8].includes(orientation);
  const { height, width } = picture;
  const [toHeight, toWidth] = swapped ? [width, height] : [height, width];
  const data = new Uint8Array(picture.data.length);
  let at = 0;
  for (let h = 0; h < toHeight; h++) {
    for (let w = 0; w < toWidth; w++, at += 4) {
      const [alongH, alongW] = swapped ? [w, h] : [h, w];
      const fromH = flipH ? height - 1 - alongH : alongH;
      const fromW = flipW ? width - 1 - alongW : alongW;
      const from = (fromH * width + fromW) * 4;
      for (let c = 0; c < 4; c++) data[at + c] = picture.data[from + c];
    }
  }
  return { data, height: toHeight, width: toWidth, channels: 4 };
}
