import { type BatchNorm, type GeneratedModel, Network, type Value } from "./network.ts";

type Block = (net: Network, x: Value, width: number, stride: number) => Value;

/** ResNet-18 at 224 x 224, batch normalisation folded. */
export function resNet18(seed: number): GeneratedModel {
  return resNet("ResNet-18", seed, [2, 2, 2, 2], "folded", basicBlock);
}

/** ResNet-50 (stride in the 3x3 convolutions) at 224 x 224, batch normalisation in nodes of its own. */
export function resNet50(seed: number): GeneratedModel {
  return resNet("ResNet-50", seed, [3, 4, 6, 3], "separate", bottleneck);
}

function resNet(
  name: string,
  seed: number,
  repeats: readonly number[],
  batchNorm: BatchNorm,
  block: Block,
): GeneratedModel {
  const net = new Network(name, seed, [3, 224, 224], batchNorm);
  let x = net.relu(net.convNorm(net.input, 64, { kernel: 7, stride: 2 }));
  x = net.maxPool(x, 3, 2, 1);
  for (const [stage, count] of repeats.entries()) {
    for (let i = 0; i < count; i++) x = block(net, x, 64 << stage, stage > 0 && i === 0 ? 2 : 1);
  }
  return net.finish(net.dense(net.flatten(net.globalAveragePool(x)), 1000));
}

function basicBlock(net: Network, x: Value, width: number, stride: number): Value {
  const y = net.relu(net.convNorm(x, width, { kernel: 3, stride }));
  return join(net, x, net.convNorm(y, width, { kernel: 3 }), stride);
}

function bottleneck(net: Network, x: Value, width: number, stride: number): Value {
  let y = net.relu(net.convNorm(x, width, { kernel: 1 }));
  y = net.relu(net.convNorm(y, width, { kernel: 3, stride }));
  return join(net, x, net.convNorm(y, 4 * width, { kernel: 1 }), stride);
}

/** Adds the way around the block: x itself, or a 1x1 convolution of it where shapes differ. */
function join(net: Network, x: Value, y: Value, stride: number): Value {
  const same = stride === 1 && x.shape[0] === y.shape[0];
  return net.relu(net.add(y, same ? x : net.convNorm(x, y.shape[0], { kernel: 1, stride })));
}
