// arena_steps PROGRAM.so DATA THREADS STEPS: trains on the first batch of DATA and prints how often the process asked
// for memory during STEPS steps of training and of evaluation, each after two to warm up. Run with alloc_count
// preloaded.
#include "nnc/runtime.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static long (*allocations)(void);
static nnc_session *session;
static nnc_data *data;

static void require(int condition) {
  if (condition)
    return;
  fprintf(stderr, "arena_steps: %s\n", nnc_last_error());
  exit(1);
}

typedef int run_rows(nnc_session *, const char *, const nnc_data *, const int64_t *, int64_t, double *);

static void count(const char *name, run_rows *run, int64_t batch, int steps) {
  int64_t rows[4096];
  double results[16];
  for (int64_t i = 0; i < batch; ++i)
    rows[i] = i % nnc_data_rows(data);
  long before = 0;
  for (int step = -2; step < steps; ++step) {
    if (step == 0)
      before = allocations();
    require(run(session, NULL, data, rows, batch, results) == 0);
  }
  printf("%s %ld\n", name, allocations() - before);
}

int main(int argc, char **argv) {
  if (argc != 5)
    return 2;
  *(void **)&allocations = dlsym(RTLD_DEFAULT, "nnc_allocation_count");
  if (!allocations)
    return 2;
  require((session = nnc_session_open(argv[1], atoi(argv[3]))) != NULL);
  require(nnc_session_init(session, 1) == 0);
  require((data = nnc_data_open(session, argv[2], NULL)) != NULL);
  int64_t batch = nnc_session_program(session)->entries[0].batch;
  for (int64_t i = 0; i < nnc_session_program(session)->entry_count; ++i)
    if (nnc_session_program(session)->entries[i].kind == NNC_TRAIN)
      batch = nnc_session_program(session)->entries[i].batch;
  count("train", nnc_session_train_rows, batch, atoi(argv[4]));
  count("evaluate", nnc_session_evaluate_rows, batch, atoi(argv[4]));
  return 0;
}
