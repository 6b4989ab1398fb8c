import { type GeneratedModel, Network, type Value } from "./network.ts";

/** SqueezeNet 1.1 at 224 x 224. */
export function squeezeNet(seed: number): GeneratedModel {
  const net = new Network("SqueezeNet 1.1", seed, [3, 224, 224]);
  const relu = (x: Value, OC: number, kernel: number, stride = 1, padding = kernel >> 1) =>
    net.relu(net.conv(x, OC, { kernel, stride, padding }));
  const fire = (x: Value, squeeze: number, expand: number) => {
    const s = relu(x, squeeze, 1);
    return net.concat([relu(s, expand, 1), relu(s, expand, 3)]);
  };
  let x = net.maxPool(relu(net.input, 64, 3, 2, 0), 3, 2);
  x = fire(fire(x, 16, 64), 16, 64);
  x = net.maxPool(x, 3, 2);
  x = fire(fire(x, 32, 128), 32, 128);
  x = net.maxPool(x, 3, 2);
  x = fire(fire(fire(fire(x, 48, 192), 48, 192), 64, 256), 64, 256);
  return net.finish(net.flatten(net.globalAveragePool(relu(x, 1000, 1))));
}
