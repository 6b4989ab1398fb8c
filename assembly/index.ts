// The module: every kernel that the host calls.

export { binary, compare, logical } from "./binary";
export { conv2d, conv2dScratch, packPanel, panelWidth } from "./conv2d";
export { copyStrided, fill, transpose2d } from "./copy";
export { anyWindow, depthwise, four, fourLow, packDepthwise } from "./depthwise";
export { slide2x3, slide3x3, stride2x3, stride3x3 } from "./depthwise-slide3";
export { slide5, slide5x5, stride5, stride5x5 } from "./depthwise-slide5";
export { panel } from "./gemm";
export { tileContext, unrolled } from "./gemm-context";
export { tile3x12, tile4x8, tile5x8, tile8x4 } from "./gemm-tiles";
export { col2im } from "./im2col";
export {
  conv2dInteger, depthwiseInteger, depthwiseIntegerScratch, depthwisePixel, integerScratch, tileInteger, widen
} from "./integer";
export { dequantize, quantize } from "./quantize";
export { argReduce, reduce } from "./reduce";
export { gather, topK, where } from "./select";
export { lrn, lrnScratch } from "./lrn";
export { adaptivePool2d, averagePool2d, globalAveragePool2d, lpPool2d, maxPool2d, maxRow3 } from "./pool2d";
export { maxUnpool2d } from "./unpool2d";
export { softmax } from "./softmax";
export { blend, blendTwo, resizeAxis, resizeNearest2d } from "./resize2d";
export { unary } from "./unary";
export { packWinograd, transformInput2, transformInput4, transformOutput, winograd } from "./winograd";

/** First address behind the module's own data: memory from here on belongs to the host. */
export function heapBase(): usize {
  return __heap_base;
}
