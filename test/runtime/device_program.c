/* linear_program.c for a GPU that the fake driver plays: the same memory and the same arithmetic, init on the host, the
 * other entries as launches of kernels of an image that fake_cuda.h describes. */
#define nnc_program_linear linear_on_the_host
#include "linear_program.c"
#undef nnc_program_linear
#include "fake_cuda.h"

/* Takes the features' offset and that of the predictions. */
static void predictKernel(void *arena, const int64_t *arguments) {
  const float *x = AT(float, arguments[0]), *kernel = AT(float, KERNEL);
  for (int i = 0; i < BATCH; ++i)
    AT(float, arguments[1])[i] = x[2 * i] * kernel[0] + x[2 * i + 1] * kernel[1] + *AT(float, BIAS);
}

static void trainKernel(void *arena, const int64_t *arguments) {
  (void)arguments;
  train(arena);
}

static void nothing(void *arena, const int64_t *arguments) {
  (void)arena;
  (void)arguments;
}

static const nnc_fake_kernel image[] = {
    {"predict", 2, predictKernel}, {"train", 0, trainKernel}, {"nothing", 0, nothing}, {0, 0, 0}};
static const int64_t predictArguments[] = {X_IN, PRED_OUT};
static const nnc_launch trainLaunches[] = {{"predict", 1, BATCH, 0, 0, 2, predictArguments},
                                           {"train", 2, 32, 1024, 1, 0, 0}};
static const nnc_launch predictLaunches[] = {{"predict", 1, BATCH, 60000, 0, 2, predictArguments}};
static const nnc_kernel trainKernels[] = {
    {"line.dense.forward.0", "line.dense", "forward", "line.mlir:1:1", 1, 32, 128},
    {"update.0", "", "update", "", 1, 64, 256},
};
static const nnc_entry deviceEntries[] = {
    {"init", "", NNC_INIT, 0, 0, 1, initInputs, 0, 0, init, 1, initSpans, 0, 0, 0, 0, 0, 0},
    {"fit.train", "fit", NNC_TRAIN, 0, BATCH, 4, trainInputs, 1, trainOutputs, 0, 6, trainSpans, 0, 0, 2, trainKernels,
     2, trainLaunches},
    {"line.predict", "line", NNC_PREDICT, 0, BATCH, 1, trainInputs, 1, predictOutputs, 0, 2, predictSpans, 0, 0, 0, 0,
     1, predictLaunches},
};

const nnc_program nnc_program_device = {
    NNC_ABI_VERSION, 0, "linear",      "cuda",        "by hand", ARENA_BYTES, STATE_BYTES, 0, 3,
    variables,       3, deviceEntries, sizeof(image), image,
};
