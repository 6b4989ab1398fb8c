import { loadModel } from "lanewise";
import {
  activation,
  adam,
  averagePool2d,
  batchNorm,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  evaluate,
  flatten,
  globalAveragePool,
  maxPool2d,
  network,
  parallel,
  residual,
  sgd,
  softmax,
  train,
} from "lanewise/nn";
import { Random } from "../support/random.ts";
import { check } from "./check.ts";
import type { Numbers } from "./hash.ts";
import type { Cases } from "./suite.ts";

const ACTIVATIONS = [
  ...(["relu", "relu6", "leakyRelu", "elu", "gelu", "silu", "hardSwish"] as const),
  ...(["sigmoid", "hardSigmoid", "softplus", "tanh"] as const),
];

export const trainingCases: Cases = {
  /** Every kind of layer and activation, trained for a few batches: all weights, the scores, and what the network says then. */
  "training a network": async (): Promise<Numbers[]> => {
    const net = network({ input: [3, 11, 10], seed: 1 }, [
      conv2d(8, 3, { padding: 1, bias: false }),
      batchNorm({ activation: "relu" }),
      residual([depthwiseConv2d(3, { padding: 1 }), conv2d(8, 3, { padding: 2, dilations: 2, groups: 2 })]),
      maxPool2d(3, { strides: 2, padding: 1 }),
      parallel([[conv2d(4, 1)], [averagePool2d(3, { strides: 1, padding: 1 })]]),
      ...ACTIVATIONS.map((type) => conv2d(6, 1, { activation: type })),
      globalAveragePool(),
      flatten(),
      dropout(0.1),
      dense(4),
      activation({ type: "leakyRelu", alpha: 0.5 }),
    ]);
    const random = new Random(1);
    const data = random.values(40 * 330);
    const labels = Uint8Array.from({ length: 40 }, () => random.integer(0, 3));
    const moving = await train(net, { data, labels, batch: 12, optimiser: adam({ rate: 0.01, weightDecay: 0.01 }) });
    const targets = random.values(40 * 4);
    const optimiser = sgd({ rate: 0.01, momentum: 0.9, nesterov: true });
    const steep = await train(net, { data, targets, batch: 12, epochs: 2, optimiser, seed: 2 });
    const score = await evaluate(net, { data, labels });
    const losses = [...moving, ...steep, score].map(({ loss }) => loss);
    check(
      losses.every((loss) => loss > 0 && loss < 10),
      `losses expected between 0 and 10, got ${losses}`,
    );
    const said = await net.predict(data.subarray(0, 990));
    return [
      ...net.parameters.map(({ values, shape }) => ({ data: values, shape })),
      { data: Float64Array.from(losses), shape: [losses.length] },
      said as Numbers,
    ];
  },
  /** The file itself, and what it says once loaded. */
  "a network in code, as a file": async (): Promise<Numbers[]> => {
    const net = network({ input: [1, 28, 28], seed: 4 }, [
      conv2d(6, 5, { padding: 2, activation: "tanh" }),
      averagePool2d(2),
      conv2d(16, 5, { activation: "tanh" }),
      averagePool2d(2),
      flatten(),
      dense(120, { activation: "tanh" }),
      dense(84, { activation: "tanh" }),
      dense(10),
      softmax(),
    ]);
    check(
      net.summary().parameters === 61706,
      `LeNet-5 expected to have 61706 parameters, got ${net.summary().parameters}`,
    );
    const file = net.toOnnx();
    const model = await loadModel(file);
    const image = new Random(6).tensor([1, 1, 28, 28]);
    const [said] = Object.values(model.runSync({ [model.inputs[0].name]: image }));
    const direct = await net.predict(image.data);
    model.dispose();
    return [{ data: file, shape: [file.length] }, said as Numbers, direct as Numbers];
  },
};
