// Every operator of an engine, under the name that it has there.

import * as activations from "./activations.ts";
import { cast } from "./cast.ts";
import * as comparisons from "./comparisons.ts";
import { convTranspose2d } from "./conv-transpose2d.ts";
import { conv1d } from "./conv1d.ts";
import { conv2d } from "./conv2d.ts";
import { depthwiseConv2d, depthwiseSeparableConv2d } from "./depthwise-conv2d.ts";
import * as elementwise from "./elementwise.ts";
import { gather } from "./gather.ts";
import { gemm } from "./gemm.ts";
import { col2im, im2col } from "./im2col.ts";
import { matmul } from "./matmul.ts";
import * as movement from "./movement.ts";
import { nonMaxSuppression } from "./non-max-suppression.ts";
import * as normalisation from "./normalisation.ts";
import { pad } from "./pad.ts";
import { averagePool1d, maxPool1d } from "./pool1d.ts";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  maxPool2dWithIndices,
} from "./pool2d.ts";
import * as reduction from "./reduction.ts";
import { resample2d } from "./resample2d.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { depthToSpace, spaceToDepth } from "./space.ts";
import { topK } from "./top-k.ts";
import { maxUnpool2d } from "./unpool2d.ts";

// Every function that a module taken as a whole exports is an operator.
export const OPERATORS = {
  ...activations,
  ...comparisons,
  ...elementwise,
  ...movement,
  ...normalisation,
  ...reduction,
  conv1d,
  conv2d,
  convTranspose2d,
  depthwiseConv2d,
  depthwiseSeparableConv2d,
  im2col,
  col2im,
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool1d,
  averagePool2d,
  l2Pool2d,
  maxPool1d,
  maxPool2d,
  maxPool2dWithIndices,
  maxUnpool2d,
  cast,
  gather,
  gemm,
  matmul,
  nonMaxSuppression,
  pad,
  resample2d,
  softmax,
  logSoftmax,
  depthToSpace,
  spaceToDepth,
  topK,
};
