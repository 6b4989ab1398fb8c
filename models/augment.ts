// Variations of a training digit, so that the network also reads digits from other pens than MNIST's.

const SIZE = 28;

/** Grey maximum (ink grows, `sign` = 1) or minimum (ink shrinks, -1) of each pixel and its four neighbours. */
function neighbourExtreme(src: Float64Array, dst: Float64Array, sign: 1 | -1): void {
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const i = y * SIZE + x;
      let v = sign * src[i]!;
      v = Math.max(v, y > 0 ? sign * src[i - SIZE]! : 0, y < SIZE - 1 ? sign * src[i + SIZE]! : 0);
      v = Math.max(v, x > 0 ? sign * src[i - 1]! : 0, x < SIZE - 1 ? sign * src[i + 1]! : 0);
      dst[i] = sign * v;
    }
  }
}

/** Mean of each pixel and its four neighbours, the pixel itself counted four times. */
function blur(src: Float64Array, dst: Float64Array): void {
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const i = y * SIZE + x;
      const rows = (y > 0 ? src[i - SIZE]! : 0) + (y < SIZE - 1 ? src[i + SIZE]! : 0);
      const columns = (x > 0 ? src[i - 1]! : 0) + (x < SIZE - 1 ? src[i + 1]! : 0);
      dst[i] = (4 * src[i]! + rows + columns) / 8;
    }
  }
}

/** Makes a function that writes a random variation of one digit; it owns its scratch memory. */
export function createAugmenter(random: () => number) {
  const between = (low: number, high: number) => low + (high - low) * random();
  let current = new Float64Array(SIZE * SIZE);
  let other = new Float64Array(SIZE * SIZE);

  /** Moves each ink pixel: turn, scale, slant, shift and a slow wave, all about the centre. */
  function warp(pixels: Uint8Array): void {
    const angle = between(-0.22, 0.22);
    const size = between(0.82, 1.18);
    const [sizeY, sizeX] = [size * between(0.9, 1.1), size * between(0.88, 1.12)];
    const slant = between(-0.25, 0.25);
    const [shiftY, shiftX] = [between(-2.5, 2.5), between(-2.5, 2.5)];
    const [waveY, waveX] = [between(-0.9, 0.9), between(-0.9, 0.9)];
    const [phaseY, phaseX] = [between(0, 2 * Math.PI), between(0, 2 * Math.PI)];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const [dy, dx] = [y - 13.5 - shiftY, x - 13.5 - shiftX];
        const sy = 13.5 + (cos * dy - sin * dx) / sizeY + waveY * Math.sin(0.3 * x + phaseY);
        const sx = 13.5 + (sin * dy + cos * dx) / sizeX + slant * dy + waveX * Math.sin(0.3 * y + phaseX);
        const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
        const [ty, tx] = [sy - y0, sx - x0];
        let sum = 0;
        for (let v = 0; v < 2; v++) {
          for (let u = 0; u < 2; u++) {
            const [py, px] = [y0 + v, x0 + u];
            if (py < 0 || px < 0 || py >= SIZE || px >= SIZE) continue;
            sum += (v ? ty : 1 - ty) * (u ? tx : 1 - tx) * pixels[py * SIZE + px]!;
          }
        }
        current[y * SIZE + x] = sum / 255;
      }
    }
  }

  /** Blends in a share of what `filter` makes of the current picture. */
  function blend(share: number, filter: (src: Float64Array, dst: Float64Array) => void): void {
    filter(current, other);
    for (let i = 0; i < current.length; i++) other[i] = (1 - share) * current[i]! + share * other[i]!;
    [current, other] = [other, current];
  }

  /**
   * A variation of the 784 `pixels` (0..255), as values in [0, 1]. The result is valid until the next call.
   */
  return function augment(pixels: Uint8Array): Float64Array {
    warp(pixels);
    const pen = random();
    if (pen < 0.3) blend(random(), (src, dst) => neighbourExtreme(src, dst, 1));
    else if (pen < 0.5) blend(0.8 * random(), (src, dst) => neighbourExtreme(src, dst, -1));
    if (random() < 0.3) blend(1, blur);
    if (random() < 0.5) {
      const gain = between(0.7, 1.8);
      const threshold = between(0, 0.15);
      for (let i = 0; i < current.length; i++) {
        current[i] = Math.min(1, Math.max(0, gain * (current[i]! - threshold)));
      }
    }
    return current;
  };
}
