/* Trains the multi-layer perceptron and predicts with it in one process: a compiled program, the runtime, and nothing
 * else. The same data, seed and batch give the same bits as nnc-run.
 *
 *   train DATA EPOCHS SEED CHECKPOINT
 */
#include <nnc/runtime.h>
#include <stdio.h>
#include <stdlib.h>

extern const nnc_program nnc_program_mlp; /* mlp.o, compiled from models/mlp.mlir */
enum { BATCH = NNC_BATCH, CLASSES = 10 };

static void require(int condition) {
  if (condition)
    return;
  fprintf(stderr, "train: %s\n", nnc_last_error());
  exit(1);
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: train DATA EPOCHS SEED CHECKPOINT\n");
    return 2;
  }
  int64_t epochs = atoll(argv[2]), seed = atoll(argv[3]);
  nnc_session *session = nnc_session_create(&nnc_program_mlp, 0);
  require(session != NULL);
  require(nnc_session_init(session, seed) == 0);
  nnc_data *data = nnc_data_open(session, argv[1], "train");
  require(data != NULL);

  int64_t rows = nnc_data_rows(data);
  int64_t *order = malloc(rows * sizeof(*order));
  require(order != NULL);
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0, results[2]; /* loss, accuracy */
    nnc_shuffle(seed, epoch, rows, order);
    for (int64_t first = 0; first < rows; first += BATCH) {
      int64_t count = smaller(BATCH, rows - first);
      require(nnc_session_train_rows(session, "fit", data, order + first, count, results) == 0);
      sum += results[0] * (double)count;
    }
    printf("epoch %lld loss %.17g\n", (long long)epoch + 1, sum / (double)rows);
  }
  require(nnc_session_save(session, argv[4]) == 0);

  float logits[BATCH * CLASSES];
  int64_t shown = smaller(8, rows);
  require(nnc_session_predict_rows(session, "classifier", data, order, shown, logits) == 0);
  for (int64_t i = 0; i < shown; ++i) {
    int best = 0;
    for (int c = 1; c < CLASSES; ++c)
      best = logits[i * CLASSES + c] > logits[i * CLASSES + best] ? c : best;
    printf("row %lld class %d\n", (long long)order[i], best);
  }
  free(order);
  nnc_data_close(data);
  nnc_session_destroy(session);
  return 0;
}
