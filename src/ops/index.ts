// Every operator of an engine, under the name that it has there.

import { convTranspose2d } from "./conv-transpose2d.ts";
import { conv1d } from "./conv1d.ts";
import { conv2d } from "./conv2d.ts";
import { depthwiseConv2d, depthwiseSeparableConv2d } from "./depthwise-conv2d.ts";
import { col2im, im2col } from "./im2col.ts";
import { averagePool1d, maxPool1d } from "./pool1d.ts";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  maxPool2dWithIndices,
} from "./pool2d.ts";
import { maxUnpool2d } from "./unpool2d.ts";

export const OPERATORS = {
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
};
