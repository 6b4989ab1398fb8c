/** What stands above each table: what was measured. */

export type Table = keyof typeof HEADERS;

export const HEADERS = {
  layers:
    "Layers of one image, one thread, float32. Milliseconds, least and median over the rounds. lanewise: the steps of a loaded\n" +
    "one-node model but for changes of layout, on data in its memory; relaxed: the same in the build with fused multiply-add.\n" +
    "onnxruntime-web: all of session.run (copies and layout included). tfjs-wasm: the operator on channels-last tensors in its memory.\n" +
    "Rates and shares are lanewise's, in operations of the direct algorithm, so that Winograd's can exceed the peak. All engines'\n" +
    "results agreed before anything was timed.",
  models:
    "Whole networks on one image, one thread, float32: all of model.runSync and of session.run, copies in and out included.\n" +
    "Milliseconds, least and median over the rounds. Rates and shares are lanewise's, in operations of the direct algorithms.\n" +
    "The engines' results agreed before anything was timed.",
  first:
    "The first run of whole networks, each in a fresh process: milliseconds of loading (compiling wasm included, the process's own\n" +
    "start and the import of the library not) and of the first run. The least of the processes; load and first run each. The ratio\n" +
    "is onnxruntime-web's to lanewise's, of both together.",
  scale:
    "lanewise alone, as the number of pixels of one image, and then the number of images, grows 64 times: the time of an input\n" +
    "pixel or of an image, the least over the rounds. Departure: the greatest from the median of the sizes from 4 x on. The trunk is\n" +
    "one model with free batch, height and width, all of model.runSync; layers as in the bench of layers; copying is no layer, but\n" +
    "64 floats a pixel moved from one array to another.",
  memory:
    "A model loaded and run four times in a process of its own, MiB, the least of the processes. Over it: the greatest resident memory\n" +
    "of the process, beyond that of an empty process that has read the same file and made the same input. wasm: the size of the wasm\n" +
    "memory after the runs. Ratios are onnxruntime-web's to lanewise's.",
  start:
    "A whole process, from its start to the first answer of the digits model, and its greatest resident memory. The least of\n" +
    "the runs. tfjs-wasm gets its weights ready to use and has no model format to read.",
} as const;
