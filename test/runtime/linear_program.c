/* A hand-written program for the runtime's tests: y = x·w + b on two features, mean squared error, SGD, batch 8; no
 * slots, no metrics, no evaluate entry. */
#include "nnc/program.h"
#include <string.h>

enum { BATCH = 8, FEATURES = 2 };
enum {
  KERNEL = 0,
  BIAS = 64,
  STEP = 128,
  STATE_BYTES = 192,
  X_IN = 192,
  Y_IN = 256,
  VALID_IN = 320,
  SEED_IN = 384,
  RATE_IN = 448,
  LOSS_OUT = 512,
  PRED_OUT = 576,
  ARENA_BYTES = 640
};

#define AT(type, offset) ((type *)((char *)arena + (offset)))

static void predict(void *arena) {
  for (int i = 0; i < BATCH; ++i)
    AT(float, PRED_OUT)
  [i] = AT(float, X_IN)[2 * i] * AT(float, KERNEL)[0] + AT(float, X_IN)[2 * i + 1] * AT(float, KERNEL)[1] +
        *AT(float, BIAS);
}

static void train(void *arena) {
  predict(arena);
  int64_t valid = *AT(int64_t, VALID_IN);
  float loss = 0, gradient[3] = {0};
  for (int i = 0; i < valid; ++i) {
    float error = AT(float, PRED_OUT)[i] - AT(float, Y_IN)[i];
    loss += error * error;
    gradient[0] += 2 * error * AT(float, X_IN)[2 * i];
    gradient[1] += 2 * error * AT(float, X_IN)[2 * i + 1];
    gradient[2] += 2 * error;
  }
  float rate = *AT(float, RATE_IN) / valid;
  AT(float, KERNEL)[0] -= rate * gradient[0];
  AT(float, KERNEL)[1] -= rate * gradient[1];
  *AT(float, BIAS) -= rate * gradient[2];
  *AT(float, LOSS_OUT) = loss / valid;
  ++*AT(int64_t, STEP);
}

static void init(void *arena) {
  memset(AT(char, KERNEL), 0, FEATURES * 4);
  memset(AT(char, BIAS), 0, 4);
  memset(AT(char, STEP), 0, 8);
}

static const nnc_variable variables[] = {
    {{"line.dense.kernel", NNC_F32, 2, {FEATURES, 1}, KERNEL}, NNC_PARAMETER, 1},
    {{"line.dense.bias", NNC_F32, 1, {1}, BIAS}, NNC_PARAMETER, 1},
    {{"step", NNC_I64, 0, {0}, STEP}, NNC_COUNTER, 0},
};
static const nnc_input initInputs[] = {{{"seed", NNC_I64, 0, {0}, SEED_IN}, NNC_SEED, 0, 0, 0, 0}};
static const nnc_input trainInputs[] = {
    {{"x", NNC_F32, 2, {BATCH, FEATURES}, X_IN}, NNC_DATA, 0, 0, 0, 0},
    {{"y", NNC_F32, 1, {BATCH}, Y_IN}, NNC_DATA, 0, 0, 0, 0},
    {{"valid", NNC_I64, 0, {0}, VALID_IN}, NNC_VALID, 0, 0, 0, 0},
    {{"learning_rate", NNC_F32, 0, {0}, RATE_IN}, NNC_LEARNING_RATE, 0, 0, 0, 0.1},
};
static const nnc_output trainOutputs[] = {{{"loss", NNC_F32, 0, {0}, LOSS_OUT}, NNC_LOSS}};
static const nnc_output predictOutputs[] = {{{"y", NNC_F32, 2, {BATCH, 1}, PRED_OUT}, NNC_PREDICTION}};
static const nnc_span initSpans[] = {{SEED_IN, 8}};
static const nnc_span trainSpans[] = {
    {X_IN, BATCH * FEATURES * 4}, {Y_IN, BATCH * 4}, {VALID_IN, 8}, {RATE_IN, 4}, {LOSS_OUT, 4}, {PRED_OUT, BATCH * 4}};
static const nnc_span predictSpans[] = {{X_IN, BATCH * FEATURES * 4}, {PRED_OUT, BATCH * 4}};
static const nnc_entry entries[] = {
    {"init", "", NNC_INIT, 0, 0, 1, initInputs, 0, 0, init, 1, initSpans, 0, 0, 0, 0, 0, 0},
    {"fit.train", "fit", NNC_TRAIN, 0, BATCH, 4, trainInputs, 1, trainOutputs, train, 6, trainSpans, 0, 0, 0, 0, 0, 0},
    {"line.predict", "line", NNC_PREDICT, 0, BATCH, 1, trainInputs, 1, predictOutputs, predict, 2, predictSpans, 0, 0,
     0, 0, 0, 0},
};

const nnc_program nnc_program_linear = {
    NNC_ABI_VERSION, 0, "linear", "test", "by hand", ARENA_BYTES, STATE_BYTES, 0, 3, variables, 3, entries,
    0, 0,
};
