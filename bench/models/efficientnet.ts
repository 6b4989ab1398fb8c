import { type GeneratedModel, Network, type Value } from "./network.ts";

/** EfficientNet-B0 at 224 x 224, batch normalisation folded. */
export function efficientNetB0(seed: number): GeneratedModel {
  const net = new Network("EfficientNet-B0", seed, [3, 224, 224]);
  const block = (x: Value, expansion: number, OC: number, kernel: number, stride: number): Value => {
    const IC = x.shape[0];
    const C = IC * expansion;
    let y = expansion === 1 ? x : net.swish(net.convNorm(x, C, { kernel: 1 }));
    y = net.swish(net.convNorm(y, C, { kernel, stride, groups: C }));
    const squeezed = net.swish(net.conv(net.globalAveragePool(y), IC / 4, { kernel: 1 }));
    y = net.multiply(y, net.sigmoid(net.conv(squeezed, C, { kernel: 1 })));
    y = net.convNorm(y, OC, { kernel: 1 });
    return stride === 1 && IC === OC ? net.add(y, x) : y;
  };
  let x = net.swish(net.convNorm(net.input, 32, { kernel: 3, stride: 2 }));
  // [expansion, output channels, repeats, stride, window]
  const stages = [
    [1, 16, 1, 1, 3],
    [6, 24, 2, 2, 3],
    [6, 40, 2, 2, 5],
    [6, 80, 3, 2, 3],
    [6, 112, 3, 1, 5],
    [6, 192, 4, 2, 5],
    [6, 320, 1, 1, 3],
  ];
  for (const [expansion, OC, repeats, stride, kernel] of stages) {
    for (let i = 0; i < repeats; i++) x = block(x, expansion, OC, kernel, i === 0 ? stride : 1);
  }
  x = net.swish(net.convNorm(x, 1280, { kernel: 1 }));
  return net.finish(net.dense(net.flatten(net.globalAveragePool(x)), 1000));
}
