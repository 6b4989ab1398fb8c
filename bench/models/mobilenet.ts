import { type GeneratedModel, Network, type Value } from "./network.ts";

/** MobileNetV1 (width 1) at 224 x 224, batch normalisation in nodes of its own. */
export function mobileNetV1(seed: number): GeneratedModel {
  const net = new Network("MobileNetV1", seed, [3, 224, 224], "separate");
  return net.finish(net.softmax(net.dense(net.flatten(net.globalAveragePool(trunkV1(net))), 1000)));
}

/** Its convolutions alone, for batches and images of any size. */
export function mobileNetV1Trunk(seed: number): GeneratedModel {
  const net = new Network("MobileNetV1 trunk", seed, [3, 224, 224], "separate");
  return net.finish(trunkV1(net), "free");
}

function trunkV1(net: Network): Value {
  let x = net.relu6(net.convNorm(net.input, 32, { kernel: 3, stride: 2 }));
  const blocks = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
  ]; // [output channels, stride]
  for (let i = 0; i < 5; i++) blocks.push([512, 1]);
  blocks.push([1024, 2], [1024, 1]);
  for (const [OC, stride] of blocks) {
    x = net.relu6(net.convNorm(x, x.shape[0], { kernel: 3, stride, groups: x.shape[0] }));
    x = net.relu6(net.convNorm(x, OC, { kernel: 1 }));
  }
  return x;
}

/** MobileNetV2 (width 1) at 224 x 224, batch normalisation folded. */
export function mobileNetV2(seed: number): GeneratedModel {
  const net = new Network("MobileNetV2", seed, [3, 224, 224]);
  const block = (x: Value, expansion: number, OC: number, stride: number): Value => {
    const IC = x.shape[0];
    const C = IC * expansion;
    let y = expansion === 1 ? x : net.relu6(net.convNorm(x, C, { kernel: 1 }));
    y = net.relu6(net.convNorm(y, C, { kernel: 3, stride, groups: C }));
    y = net.convNorm(y, OC, { kernel: 1 });
    return stride === 1 && IC === OC ? net.add(x, y) : y;
  };
  let x = net.relu6(net.convNorm(net.input, 32, { kernel: 3, stride: 2 }));
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  for (const [expansion, OC, repeats, stride] of stages) {
    for (let i = 0; i < repeats; i++) x = block(x, expansion, OC, i === 0 ? stride : 1);
  }
  x = net.relu6(net.convNorm(x, 1280, { kernel: 1 }));
  return net.finish(net.dense(net.flatten(net.globalAveragePool(x)), 1000));
}
