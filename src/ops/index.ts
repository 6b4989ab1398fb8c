// Every operator of an engine, under the name that it has there.

import { convTranspose2d } from "./conv-transpose2d.ts";
import { conv2d } from "./conv2d.ts";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  maxPool2dWithIndices,
} from "./pool2d.ts";

export const OPERATORS = {
  conv2d,
  convTranspose2d,
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  maxPool2dWithIndices,
};
