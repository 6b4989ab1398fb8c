import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { Layer, LayerData } from "../layers.ts";
import type { Contestant } from "./engine.ts";

/** @param folder address of its .wasm files, where it does not find them itself */
export function setUpTfjs(folder?: string): void {
  if (folder) setWasmPaths(folder);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
}

/** Holds the instance of the first backend: as long as it lives, the runtime keeps the code it has optimised for the module. */
const kept: unknown[] = [];

/** A backend with a memory of its own: in one that earlier layers have used, times depend on where tensors come to lie. */
async function restartBackend(): Promise<void> {
  const factory = tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", factory);
  await tf.setBackend("wasm");
  await tf.ready();
  if (tf.getBackend() !== "wasm" || !tf.env().getBool("WASM_HAS_SIMD_SUPPORT")) {
    throw new Error(`tfjs-wasm: backend expected wasm with SIMD, got ${tf.getBackend()}`);
  }
  if (kept.length === 0) kept.push(tf.backend()["wasm"]);
}

/**
 * A layer on tensors that lie in wasm memory, channels last unless it is what makes them so; times the operator and the release of its
 * result (the backend computes before the call returns). undefined where it has no such operator.
 */
export async function openTfjs(layer: Layer, data: LayerData): Promise<Contestant | undefined> {
  await restartBackend();
  const { IC, IH, IW, OC, OH, OW } = layer;
  const last = layer.kind === "channels last";
  const x = last ? tf.tensor(data.x, [1, IC, IH, IW]) : tf.tensor(toChannelsLast(data.x, IC, IH * IW), [1, IH, IW, IC]);
  const constants = constantsOf(layer, data);
  const call = callOf(layer, x, constants);
  if (!call) return undefined;
  return {
    engine: "tfjs-wasm",
    async run() {
      const y = call();
      const values = last ? y.dataSync().slice() : toChannelsFirst(y.dataSync(), OC, OH * OW);
      y.dispose();
      return { y: values };
    },
    async time(runs) {
      const start = performance.now();
      for (let i = 0; i < runs; i++) call().dispose();
      return performance.now() - start;
    },
    dispose() {
      for (const tensor of [x, ...constants]) tensor.dispose();
    },
  };
}

function callOf(layer: Layer, x: tf.Tensor, [operand, bias]: tf.Tensor[]): (() => tf.Tensor) | undefined {
  const { kind, IC, OC, OH, OW, KH, KW, PH, PW, stride, dilation, groups } = layer;
  const strides: [number, number] = [stride, stride];
  const window: [number, number] = [KH, KW];
  const pad: tf.Pads = [
    [0, 0],
    [PH, PH],
    [PW, PW],
    [0, 0],
  ];
  switch (kind) {
    case "conv": {
      const options = { x, filter: operand, strides, pad, dilations: [dilation, dilation] as [number, number], bias };
      if (groups === 1) return () => tf.fused.conv2d(options);
      return groups === IC && OC === IC ? () => tf.fused.depthwiseConv2d(options) : undefined;
    }
    case "transposed conv":
      return () => tf.tidy(() => tf.add(tf.conv2dTranspose(x, operand, [1, OH, OW, OC], strides, pad), bias));
    case "max pool":
      return () => tf.maxPool(x, window, strides, pad);
    case "average pool":
      return () => tf.avgPool(x, window, strides, "valid");
    case "nearest resize":
      return () => tf.image.resizeNearestNeighbor(x, [OH, OW], false, false);
    case "linear resize":
      return () => tf.image.resizeBilinear(x, [OH, OW], false, true);
    case "sum":
      return () => tf.add(x, operand);
    case "scale":
      return () => tf.mul(x, operand);
    case "sigmoid":
      return () => tf.sigmoid(x);
    case "softmax":
      return () => tf.softmax(x, 3);
    case "channel mean":
      return () => tf.mean(x, 3);
    case "channels last":
      return () => tf.transpose(x, [0, 2, 3, 1]);
  }
}

/**
 * Filter and bias of a convolution, filters [KH, KW, IC, OC], depthwise [KH, KW, C, 1], transposed [KH, KW, OC, IC]; or the other operand of
 * a sum or scale.
 */
function constantsOf(layer: Layer, { other, filter, bias }: LayerData): tf.Tensor[] {
  const { kind, IC, IH, IW, OC, KH, KW, groups } = layer;
  if (other)
    return [kind === "sum" ? tf.tensor(toChannelsLast(other, IC, IH * IW), [1, IH, IW, IC]) : tf.tensor(other)];
  if (!filter || !bias) return [];
  const taps = KH * KW;
  const [rows, columns] = kind === "conv" ? [OC, IC / groups] : [IC, OC];
  const values = new Float32Array(filter.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (let t = 0; t < taps; t++) values[(t * columns + c) * rows + r] = filter[(r * columns + c) * taps + t];
    }
  }
  const shape = groups === 1 ? [KH, KW, columns, rows] : [KH, KW, rows, columns];
  return [tf.tensor(values, shape), tf.tensor(bias, [OC])];
}

function toChannelsLast(from: Float32Array, C: number, places: number): Float32Array {
  return transpose(from, C, places);
}

function toChannelsFirst(from: Float32Array, C: number, places: number): Float32Array {
  return transpose(from, places, C);
}

/** [rows, columns] to [columns, rows]. */
function transpose(from: Float32Array, rows: number, columns: number): Float32Array {
  const to = new Float32Array(from.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
  return to;
}
