/* Training and prediction in your own process, with a compiled program and this library alone.
 *
 * A session is a program with its memory. All functions that return int return 0 where they succeeded; those that
 * return a pointer return NULL where they failed; nnc_last_error() then says why, for the calling thread. A session may
 * be used by one thread at a time; several sessions may run side by side.
 *
 *   extern const nnc_program nnc_program_mlp;                       // from the object that nnc-opt wrote
 *   nnc_session *session = nnc_session_create(&nnc_program_mlp, 0); // 0: a thread a processor
 *   nnc_session_init(session, 1);                                   // parameters drawn from seed 1
 *   nnc_rows fields[] = {{"image", pixels}, {"label", labels}};
 *   double results[2];                                              // loss, then metrics
 *   nnc_session_train(session, "fit", fields, 2, 32, results);      // one step on 32 samples
 *
 * docs/embed/ holds a complete program.
 */
#ifndef NNC_RUNTIME_H
#define NNC_RUNTIME_H

#include "nnc/program.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nnc_session nnc_session;
typedef struct nnc_data nnc_data;

/* What the last failed call of this thread says, as one sentence; never NULL. */
const char *nnc_last_error(void);

/* Sessions. `threads` is the number of workers of parallel loops, 0 for one a processor. It never changes a result. A
 * program compiled for a GPU runs on the first one that the NVIDIA driver shows; without one this fails. */
nnc_session *nnc_session_create(const nnc_program *program, int32_t threads);
nnc_session *nnc_session_open(const char *shared_object, int32_t threads);
void nnc_session_destroy(nnc_session *session);
const nnc_program *nnc_session_program(const nnc_session *session);
/* What becomes of the matrix products that the program has cuBLASLt do on a GPU, as one sentence; empty where it has
 * none. Valid until the session is destroyed. */
const char *nnc_session_library(const nnc_session *session);

/* Sets every variable: parameters by their initialisers from `seed`, optimiser slots to how they begin, counters to
 * zero. Random layers draw from the same seed in later steps. */
int nnc_session_init(nnc_session *session, int64_t seed);
/* For all later steps, in place of the model file's numbers. An error where the program has only schedules. */
int nnc_session_set_learning_rate(nnc_session *session, double learning_rate);

/* The samples of one input: rows one after the other in the input's dtype. */
typedef struct nnc_rows {
  const char *input;
  const void *values;
} nnc_rows;

/* One training step, or the evaluation of one batch, on `rows` samples, 1 up to the entry's batch. `symbol` names the
 * step of the model file; NULL where there is only one. `results` gets the loss, then each metric; it may be NULL. */
int nnc_session_train(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t field_count,
                      int64_t rows, double *results);
int nnc_session_evaluate(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t field_count,
                         int64_t rows, double *results);
/* `prediction` gets `rows` rows of the model's result in its dtype. `symbol` names the model. */
int nnc_session_predict(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t field_count,
                        int64_t rows, void *prediction);

/* Copies a variable's elements out or in; `bytes` must be its size. */
int nnc_session_read(const nnc_session *session, const char *variable, void *values, size_t bytes);
int nnc_session_write(nnc_session *session, const char *variable, const void *values, size_t bytes);

/* Checkpoints that nnc-run reads and writes. Loading takes parameters, and slots and counters where the file has
 * just those of the program. */
int nnc_session_save(const nnc_session *session, const char *path);
int nnc_session_load(nnc_session *session, const char *path);

/* Data files, read as nnc-run reads them (runtime/data/Source.h lists the kinds), for all inputs of the program's train
 * and evaluate entries, or of its predict entries where it has none of these. `split` is train, validation or test for
 * a directory that has splits, else NULL. */
nnc_data *nnc_data_open(const nnc_session *session, const char *path, const char *split);
void nnc_data_close(nnc_data *data);
int64_t nnc_data_rows(const nnc_data *data);

/* The same three on chosen rows of data. */
int nnc_session_train_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                           int64_t row_count, double *results);
int nnc_session_evaluate_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                              int64_t row_count, double *results);
int nnc_session_predict_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                             int64_t row_count, void *prediction);

/* The order in which nnc-run visits `count` rows in epoch `epoch` (from 0) of a run with this seed. */
void nnc_shuffle(uint64_t seed, uint64_t epoch, int64_t count, int64_t *order);

#ifdef __cplusplus
}
#endif

#endif
