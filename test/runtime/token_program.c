/* A hand-written program for the runtime's tests: the sum of token embeddings, softmax, cross-entropy, SGD with
 * momentum. In the form that the compiler emits: everything in one arena, a parallel loop over the batch. */
#include "nnc/program.h"
#include <math.h>
#include <string.h>

#ifndef BATCH
#define BATCH 4
#endif
enum { TOKENS = 8, VOCABULARY = 50, CLASSES = 3 };

/* The arena, in bytes; each offset is a multiple of 64. */
enum {
  TABLE = 0,      /* f32 [VOCABULARY, CLASSES], 600 bytes */
  MOMENTUM = 640, /* the slot, the same size */
  STEP = 1280,    /* i64 */
  STATE_BYTES = 1344,
  TOKENS_IN = 1344, /* i32 [BATCH, TOKENS] */
  LABEL_IN = TOKENS_IN + (BATCH * TOKENS * 4 + 63) / 64 * 64,
  VALID_IN = LABEL_IN + (BATCH * 4 + 63) / 64 * 64,
  SEED_IN = VALID_IN + 64,
  RATE_IN = SEED_IN + 64,
  LOSS_OUT = RATE_IN + 64,
  ACCURACY_OUT = LOSS_OUT + 64,
  PROBS_OUT = ACCURACY_OUT + 64, /* f32 [BATCH, CLASSES] */
  ARENA_BYTES = PROBS_OUT + (BATCH * CLASSES * 4 + 63) / 64 * 64,
  WORKER_BYTES = 64 /* logits of one sample */
};

#define AT(type, offset) ((type *)((char *)arena + (offset)))

static void forwardSample(void *arena, int64_t sample, int64_t worker) {
  float *logits = AT(float, ARENA_BYTES + worker * WORKER_BYTES);
  const int32_t *tokens = AT(int32_t, TOKENS_IN) + sample * TOKENS;
  const float *table = AT(float, TABLE);
  float *probs = AT(float, PROBS_OUT) + sample * CLASSES;
  float largest = -INFINITY, sum = 0;
  for (int c = 0; c < CLASSES; ++c) {
    logits[c] = 0;
    for (int t = 0; t < TOKENS; ++t)
      if (tokens[t])
        logits[c] += table[tokens[t] * CLASSES + c];
    largest = logits[c] > largest ? logits[c] : largest;
  }
  for (int c = 0; c < CLASSES; ++c)
    sum += probs[c] = expf(logits[c] - largest);
  for (int c = 0; c < CLASSES; ++c)
    probs[c] /= sum;
}

static void evaluateBatch(void *arena) {
  nnc_rt_parallel_for(forwardSample, arena, BATCH);
  int64_t valid = *AT(int64_t, VALID_IN);
  float loss = 0, right = 0;
  for (int64_t i = 0; i < valid; ++i) {
    const float *probs = AT(float, PROBS_OUT) + i * CLASSES;
    int32_t label = AT(int32_t, LABEL_IN)[i];
    int best = 0;
    for (int c = 1; c < CLASSES; ++c)
      best = probs[c] > probs[best] ? c : best;
    loss -= logf(probs[label]);
    right += best == label;
  }
  *AT(float, LOSS_OUT) = loss / valid;
  *AT(float, ACCURACY_OUT) = right / valid;
}

static void predictBatch(void *arena) { nnc_rt_parallel_for(forwardSample, arena, BATCH); }

static void trainBatch(void *arena) {
  evaluateBatch(arena);
  int64_t valid = *AT(int64_t, VALID_IN);
  float rate = *AT(float, RATE_IN), *table = AT(float, TABLE), *momentum = AT(float, MOMENTUM);
  for (int i = 0; i < VOCABULARY * CLASSES; ++i)
    momentum[i] *= 0.5f;
  for (int64_t i = 0; i < valid; ++i)
    for (int t = 0; t < TOKENS; ++t) {
      int32_t token = AT(int32_t, TOKENS_IN)[i * TOKENS + t];
      for (int c = 0; c < CLASSES && token; ++c)
        momentum[token * CLASSES + c] -=
            (AT(float, PROBS_OUT)[i * CLASSES + c] - (c == AT(int32_t, LABEL_IN)[i])) / valid;
    }
  for (int i = 0; i < VOCABULARY * CLASSES; ++i)
    table[i] += rate * momentum[i];
  ++*AT(int64_t, STEP);
}

static void init(void *arena) {
  uint64_t state = *AT(int64_t, SEED_IN) * 2 + 1;
  for (int i = 0; i < VOCABULARY * CLASSES; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    AT(float, TABLE)[i] = ((int32_t)(state >> 40) - (1 << 23)) / (float)(1 << 25);
  }
  memset(AT(char, MOMENTUM), 0, VOCABULARY * CLASSES * 4);
  memset(AT(char, STEP), 0, 8);
}

static const nnc_variable variables[] = {
    {{"classifier.embedding.table", NNC_F32, 2, {VOCABULARY, CLASSES}, TABLE}, NNC_PARAMETER, 1},
    {{"classifier.embedding.table.momentum", NNC_F32, 2, {VOCABULARY, CLASSES}, MOMENTUM}, NNC_SLOT, 0},
    {{"step", NNC_I64, 0, {0}, STEP}, NNC_COUNTER, 0},
};
/* clang-format off */
#define TOKENS_INPUT {{"tokens", NNC_I32, 2, {BATCH, TOKENS}, TOKENS_IN}, NNC_DATA, 1, 0, VOCABULARY - 1, 0}
#define LABEL_INPUT {{"label", NNC_I32, 1, {BATCH}, LABEL_IN}, NNC_DATA, 1, 0, CLASSES - 1, 0}
#define VALID_INPUT {{"valid", NNC_I64, 0, {0}, VALID_IN}, NNC_VALID, 0, 0, 0, 0}
#define SEED_INPUT {{"seed", NNC_I64, 0, {0}, SEED_IN}, NNC_SEED, 0, 0, 0, 0}
#define RATE_INPUT {{"learning_rate", NNC_F32, 0, {0}, RATE_IN}, NNC_LEARNING_RATE, 0, 0, 0, 0.5}
/* clang-format on */
static const nnc_input initInputs[] = {SEED_INPUT};
static const nnc_input trainInputs[] = {TOKENS_INPUT, LABEL_INPUT, VALID_INPUT, SEED_INPUT, RATE_INPUT};
static const nnc_input evaluateInputs[] = {TOKENS_INPUT, LABEL_INPUT, VALID_INPUT};
static const nnc_input predictInputs[] = {TOKENS_INPUT};
static const nnc_output lossOutputs[] = {
    {{"loss", NNC_F32, 0, {0}, LOSS_OUT}, NNC_LOSS},
    {{"accuracy", NNC_F32, 0, {0}, ACCURACY_OUT}, NNC_SCORE},
};
static const nnc_output predictOutputs[] = {{{"probs", NNC_F32, 2, {BATCH, CLASSES}, PROBS_OUT}, NNC_PREDICTION}};

/* clang-format off */
#define TOKENS_SPAN {TOKENS_IN, BATCH * TOKENS * 4}
#define LABEL_SPAN {LABEL_IN, BATCH * 4}
#define VALID_SPAN {VALID_IN, 8}
#define SEED_SPAN {SEED_IN, 8}
#define RATE_SPAN {RATE_IN, 4}
#define RESULT_SPANS {LOSS_OUT, 4}, {ACCURACY_OUT, 4}
#define PROBS_SPAN {PROBS_OUT, BATCH * CLASSES * 4}
/* clang-format on */
static const nnc_span initSpans[] = {SEED_SPAN};
static const nnc_span trainSpans[] = {TOKENS_SPAN, LABEL_SPAN,   VALID_SPAN, SEED_SPAN,
                                      RATE_SPAN,   RESULT_SPANS, PROBS_SPAN};
static const nnc_span evaluateSpans[] = {TOKENS_SPAN, LABEL_SPAN, VALID_SPAN, RESULT_SPANS, PROBS_SPAN};
static const nnc_span predictSpans[] = {TOKENS_SPAN, PROBS_SPAN};
static const nnc_span workerSpans[] = {{0, CLASSES * 4}};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const nnc_entry entries[] = {
    {"init", "", NNC_INIT, 0, 0, 1, initInputs, 0, 0, init, COUNT(initSpans), initSpans, 0, 0, 0, 0, 0, 0},
    {"fit.train", "fit", NNC_TRAIN, 0, BATCH, 5, trainInputs, 2, lossOutputs, trainBatch, COUNT(trainSpans), trainSpans,
     1, workerSpans, 0, 0, 0, 0},
    {"fit.evaluate", "fit", NNC_EVALUATE, 0, BATCH, 3, evaluateInputs, 2, lossOutputs, evaluateBatch,
     COUNT(evaluateSpans), evaluateSpans, 1, workerSpans, 0, 0, 0, 0},
    {"classifier.predict", "classifier", NNC_PREDICT, 0, BATCH, 1, predictInputs, 1, predictOutputs, predictBatch,
     COUNT(predictSpans), predictSpans, 1, workerSpans, 0, 0, 0, 0},
};

const nnc_program nnc_program_tokens = {
    NNC_ABI_VERSION, 0, "tokens", "test", "by hand", ARENA_BYTES, STATE_BYTES, WORKER_BYTES, 3, variables, 4, entries,
    0, 0,
};
