// The module: every kernel that the host calls.

export { conv2d, conv2dScratch, packPanel, panelWidth } from "./convolution/conv2d";
export { panel } from "./convolution/gemm";
export { tileContext, unrolled } from "./convolution/gemm-context";
export { tile3x12, tile4x8, tile5x8, tile8x4 } from "./convolution/gemm-tiles";
export { col2im } from "./convolution/im2col";
export {
  conv2dInteger, depthwiseInteger, depthwiseIntegerScratch, depthwisePixel, integerScratch, tileInteger, widen
} from "./convolution/integer";
export { packWinograd, transformInput2, transformInput4, transformOutput, winograd } from "./convolution/winograd";
export { anyWindow, depthwise, four, fourLow, packDepthwise } from "./depthwise/depthwise";
export { rows3x3, strideRows3x3 } from "./depthwise/rows3";
export { slide3 } from "./depthwise/slide3";
export { slide5, slide5x5, stride5, stride5x5 } from "./depthwise/slide5";
export { lrn, lrnScratch } from "./image/lrn";
export { maxRow3 } from "./image/maxima";
export { adaptivePool2d, averagePool2d, globalAveragePool2d, lpPool2d, maxPool2d } from "./image/pool2d";
export { blend, blendPair, blendTwo, resizeAxis, resizeNearest2d } from "./image/resize2d";
export { maxUnpool2d } from "./image/unpool2d";
export { copyStrided, fill, transpose2d } from "./movement/copy";
export { gather, topK, where } from "./movement/select";
export { binary, compare, logical } from "./numeric/binary";
export { dequantize, quantize } from "./numeric/quantize";
export { argReduce, reduce } from "./numeric/reduce";
export { softmax } from "./numeric/softmax";
export { unary } from "./numeric/unary";

/** First address behind the module's own data: memory from here on belongs to the host. */
export function heapBase(): usize {
  return __heap_base;
}
