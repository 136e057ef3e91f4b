/* The C ABI between a compiled training program and whoever runs it.
 *
 * A program is one object (or shared object) that exports one symbol, `nnc_program_<name>` of type nnc_program: <name>
 * is the model file's, without folder and extension, other characters than letters and digits as underscores. It needs
 * the entry `nnc_rt_parallel_for` below and the mem* functions of libc, and nothing else; compiled for a profile,
 * `nnc_rt_profile` too.
 *
 * All of a program's data lies in one arena that the host allocates:
 *
 *   [0, state_bytes)                       variables: parameters, optimiser slots, counters. Same layout for every
 *                                          program of a model and step, whatever its batch, so long as the slots are
 *                                          compiled in; parameters come first.
 *   [state_bytes, arena_bytes)             inputs, outputs and scratch. Entries overlay each other here.
 *   [arena_bytes + w * worker_bytes, ...)  scratch of worker w of a parallel loop
 *
 * Running an entry is: write its inputs at their offsets, call run(arena), read its outputs at theirs. An entry
 * allocates nothing, keeps nothing outside the arena, and gives the same bits for the same arena contents whatever the
 * number of workers.
 *
 * A program for a device has an image of kernels for it. Its init entries run on the host; the others are lists of
 * kernel launches, which run in their order on the device, on an arena there of the same layout. The host copies an
 * entry's inputs to it and outputs back, and variables where one side has changed them.
 */
#ifndef NNC_PROGRAM_H
#define NNC_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNC_ABI_VERSION 7
#define NNC_MAX_RANK 8
/* The arena must be aligned to this many bytes; so are all offsets of tensors. */
#define NNC_ALIGNMENT 64
/* No arena, and no worker's scratch, has more bytes: 64 TiB is more than any machine
 * holds. */
#define NNC_MAX_BYTES ((int64_t)1 << 46)

typedef enum nnc_dtype {
  NNC_F32 = 0,
  NNC_F64 = 1,
  NNC_I32 = 2,
  NNC_I64 = 3,
} nnc_dtype;

/* A tensor in the arena: dense, row-major. */
typedef struct nnc_tensor {
  const char *name;
  int32_t dtype; /* nnc_dtype */
  int32_t rank;
  int64_t shape[NNC_MAX_RANK];
  int64_t offset; /* bytes from the start of the arena */
} nnc_tensor;

typedef enum nnc_variable_role {
  NNC_PARAMETER = 0,
  NNC_SLOT = 1,    /* an optimiser's state for a parameter */
  NNC_COUNTER = 2, /* `step`: the number of steps done */
} nnc_variable_role;

typedef struct nnc_variable {
  nnc_tensor tensor; /* name: dotted path, such as classifier.lstm_1.kernel, or classifier.lstm_1.kernel.m for a slot */
  int32_t role;      /* nnc_variable_role */
  int32_t trainable; /* a parameter that some step of this file may update */
} nnc_variable;

typedef enum nnc_input_role {
  NNC_DATA = 0,          /* one value a sample; dimension 0 is the batch */
  NNC_VALID = 1,         /* i64 scalar: how many samples of the batch are valid; the others hold valid values too */
  NNC_LEARNING_RATE = 2, /* f32 scalar (f64 in reference programs); default_value is the file's. A step whose rates
                            follow schedules has none */
  NNC_SEED = 3,          /* i64 scalar */
  NNC_CLASS_WEIGHTS = 4, /* f32 [classes] (f64 in reference programs): what the loss of a sample of the class is
                            multiplied by; 1 is no weight. Of train entries that were compiled for it */
} nnc_input_role;

typedef struct nnc_input {
  nnc_tensor tensor;
  int32_t role; /* nnc_input_role */
  int32_t has_range;
  int64_t range_min, range_max; /* integer data: values must lie in [range_min, range_max] */
  double default_value;
} nnc_input;

typedef enum nnc_output_role {
  NNC_LOSS = 0,       /* mean over the valid samples, regularisers included */
  NNC_METRIC = 1,     /* mean over the valid samples; whether less or more of it is better is not known */
  NNC_PREDICTION = 2, /* a result of a model; dimension 0 is the batch */
  NNC_GRADIENT = 3,   /* of the loss with respect to the variable (or input) of the same name */
  NNC_SCORE = 4,      /* a metric of which more is better, such as an accuracy */
  NNC_ERROR = 5,      /* a metric of which less is better, such as an absolute error */
} nnc_output_role;

typedef struct nnc_output {
  nnc_tensor tensor;
  int32_t role; /* nnc_output_role */
} nnc_output;

typedef enum nnc_entry_kind {
  NNC_INIT = 0,     /* sets every variable: parameters by their initialisers from the seed, slots to how they begin,
                       counters to zero */
  NNC_TRAIN = 1,    /* one step: loss and metrics of the batch before the update; updates variables, counts the step */
  NNC_EVALUATE = 2, /* loss and metrics, nothing updated, training-only ops in their inference form */
  NNC_PREDICT = 3,  /* a model's results */
  NNC_GRADIENTS = 4 /* the loss and its gradients, nothing updated */
} nnc_entry_kind;

/* What factors of matrix products are rounded to before they are multiplied; sums are f32 all the same. */
typedef enum nnc_precision { NNC_PRECISION_F32 = 0, NNC_PRECISION_TF32 = 1, NNC_PRECISION_BF16 = 2 } nnc_precision;

/* Bytes [offset, offset + bytes) of the arena, or of a worker's scratch. */
typedef struct nnc_span {
  int64_t offset, bytes;
} nnc_span;

/* A piece of an entry that a profile tells apart: a parallel loop, or the serial code between two. */
typedef struct nnc_kernel {
  const char *name;     /* such as classifier.lstm_1.backward.3; no two of an entry alike */
  const char *layer;    /* dotted path, such as classifier.lstm_1; empty where it is no layer's */
  const char *stage;    /* forward, backward or update, joined by _ where operations of several were fused; empty in
                           init entries */
  const char *location; /* FILE:LINE:COLUMN in the model file; empty where that is not known */
  int64_t tasks;        /* of the parallel loop; 1 where it is serial */
  int64_t flops;        /* floating-point operations, a fused multiply-add being two */
  int64_t bytes;        /* of the buffers it reads and of those it writes, each once */
  int64_t tensor_flops; /* of the operations, those that a device's tensor cores do */
} nnc_kernel;

/* What cuBLASLt asks of its workspace, and a device's memory begins at. */
#define NNC_WORKSPACE_ALIGNMENT 256

/* A matrix of a product: its first element, the elements from one row (of a transposed one, column) to the next, and
 * from one matrix of the batch to the next. */
typedef struct nnc_matrix {
  int64_t offset; /* in bytes, in the arena */
  int64_t leading, batch_stride;
  int64_t transposed; /* whether columns, not rows, lie whole one after the other */
} nnc_matrix;

/* A matrix product as cuBLASLt does it: d = a * b, or d + a * b; plus a bias of the columns; then what is above zero.
 * Of each of `batches`, d has `rows` x `columns` elements, each a sum of `terms`. */
typedef struct nnc_product {
  int64_t dtype, precision; /* nnc_dtype, f32 or f64; nnc_precision */
  int64_t batches, rows, columns, terms;
  nnc_matrix a, b, d; /* d is not transposed */
  int64_t accumulates;
  int64_t bias; /* its offset; -1: none */
  int64_t relu;
  int64_t workspace,
      workspace_bytes; /* of the arena, for the library to use: at a multiple of NNC_WORKSPACE_ALIGNMENT */
} nnc_product;

/* A kernel of the program's device image on `blocks` blocks of `threads` threads. Its parameters are the address of the
 * device's arena, then the arguments, all of 8 bytes. */
typedef struct nnc_launch {
  const char *kernel;
  int64_t blocks, threads;
  int64_t shared_bytes; /* dynamic shared memory of a block */
  int64_t cooperative;  /* whether its blocks wait for each other, so that all of them must run at the same time */
  int64_t argument_count;
  const int64_t *arguments;
  const nnc_product *product; /* what cuBLASLt, where it is there, does in the kernel's place; NULL: nothing */
} nnc_launch;

typedef struct nnc_entry {
  const char *name;   /* such as fit.train, classifier.predict, init */
  const char *symbol; /* the step or model it was made of; empty for init */
  int32_t kind;       /* nnc_entry_kind */
  int32_t precision;  /* nnc_precision, of products that a device does in tiles */
  int64_t batch;
  int64_t input_count;
  const nnc_input *inputs;
  int64_t output_count;
  const nnc_output *outputs;
  void (*run)(void *arena); /* NULL where the entry is a device's */
  /* The plan: the bytes that the entry touches, inputs and outputs included, besides the variables, which lie where
   * they lie. Of the arena, from state_bytes on, and of the scratch of the workers, all of them together, from each
   * one's start on. In increasing order, without overlap. */
  int64_t arena_span_count;
  const nnc_span *arena_spans;
  int64_t worker_span_count;
  const nnc_span *worker_spans;
  int64_t kernel_count; /* 0 in a program that was not compiled for a profile; else a device's entry has one a launch */
  const nnc_kernel *kernels;
  int64_t launch_count; /* 0 where the entry is the host's */
  const nnc_launch *launches;
} nnc_entry;

typedef struct nnc_program {
  uint32_t abi_version;
  uint32_t reserved;
  const char *name;     /* of the model file, without its extension */
  const char *target;   /* such as x86-64-v3; of a device's program, cuda */
  const char *compiler; /* name and version of the compiler */
  int64_t arena_bytes;
  int64_t state_bytes;
  int64_t worker_bytes;
  int64_t variable_count;
  const nnc_variable *variables;
  int64_t entry_count;
  const nnc_entry *entries;
  int64_t image_bytes; /* 0 in a program for the host alone */
  const void *image;   /* of target cuda: a fat binary */
} nnc_program;

/* What the host provides.
 *
 * Calls body(context, task, worker) for each task in [0, task_count), each once, on any threads, and returns when all
 * are done. `worker` is in [0, workers) and no two bodies run at the same time with the same worker. A program's arena
 * must have room for that many workers' scratch. runtime/ implements it on threads of its own; a host may bring others.
 * On all of them, and on the thread that runs an entry, runtime/ has subnormal numbers taken for zeros (x86's DAZ and
 * FTZ); a host that does not gets other bits where there are some.
 */
typedef void (*nnc_parallel_body)(void *context, int64_t task, int64_t worker);
void nnc_rt_parallel_for(nnc_parallel_body body, void *context, int64_t task_count);

/* Only programs compiled for a profile call it: the kernel of this number of the running entry starts, and the one
 * before it has ended; -1: the entry has. On the thread that runs the entry, outside of parallel loops. */
void nnc_rt_profile(int64_t kernel);

/* Only programs of targets cuda-emulator and cuda-races call what follows: the kernels that target cuda runs on a
 * device run on the host in them. A place is what an error says of an operation: what it is, its layer, where it stands
 * in the model file. What is wrong with a kernel ends the process with an error. runtime/core/Emulator.h says what is
 * noticed.
 */

/* What a thread of a kernel knows of itself. The host keeps more behind it. */
typedef struct nnc_emulated_thread {
  int64_t block, blocks;   /* its block, of how many */
  int64_t thread, threads; /* itself, of how many of its block; 32 in a row are a warp */
  void *shared;            /* its block's shared memory */
} nnc_emulated_thread;

typedef void (*nnc_emulated_body)(void *context, nnc_emulated_thread *thread);

typedef enum nnc_emulation {
  NNC_DETECT_RACES = 1, /* the kernel reports its accesses to memory */
  NNC_COOPERATIVE = 2,  /* all blocks are there at once: the kernel may wait for all of them */
} nnc_emulation;

/* Runs body(context, thread) for every thread of a kernel, and returns when all are done. The context begins with the
 * address of the arena, of which kernels may touch `arena_bytes`; `flags` are of nnc_emulation. Where a library that
 * plays cuBLASLt is there and `product` is not NULL, the library does it instead. */
void nnc_rt_emulate(const char *kernel, nnc_emulated_body body, void *context, int64_t blocks, int64_t threads,
                    int64_t shared_bytes, int64_t arena_bytes, int64_t flags, const nnc_product *product);

/* Waits for the threads of the block; of all blocks. Each operation has a place of its own. */
void nnc_rt_emulate_barrier(nnc_emulated_thread *thread, const char *place);
void nnc_rt_emulate_grid_barrier(nnc_emulated_thread *thread, const char *place);

/* Gives `bytes` (at most 64) to the threads of the warp and takes theirs: those of lane l at l * bytes, until the
 * thread's next exchange. Lanes that the block lacks hold NaNs. Each operation has a place of its own. */
const void *nnc_rt_emulate_exchange(nnc_emulated_thread *thread, const void *data, int64_t bytes, const char *place);

/* A thread's share of a warp's c += a * b with 16 rows, 8 columns and `depth` terms, as mma.sync deals it. */
typedef struct nnc_mma_fragments {
  uint32_t a[4], b[2];
  float c[4];
} nnc_mma_fragments;

typedef enum nnc_mma_type { NNC_MMA_TF32 = 0, NNC_MMA_BF16 = 1 } nnc_mma_type;

/* Of a tf32 the lower 13 bits of an f32 are dropped. Terms are added in increasing order, each sum rounded to f32. */
void nnc_rt_emulate_mma(nnc_emulated_thread *thread, nnc_mma_fragments *fragments, int64_t type, int64_t depth,
                        const char *place);

/* The asynchronous copies of a thread: `source_bytes` from global to shared memory, zeros up to `bytes`. They are done
 * when the thread has waited until at most `pending` of the groups that it has made of them are not. */
void nnc_rt_emulate_copy(nnc_emulated_thread *thread, void *target, const void *source, int64_t bytes,
                         int64_t source_bytes, const char *place);
void nnc_rt_emulate_copy_group(nnc_emulated_thread *thread);
void nnc_rt_emulate_copy_wait(nnc_emulated_thread *thread, int64_t pending);

typedef enum nnc_access {
  NNC_WRITE = 1,  /* not a read */
  NNC_SHARED = 2, /* to shared memory, by its type */
} nnc_access;

/* The thread is about to touch memory; `flags` are of nnc_access. */
void nnc_rt_emulate_access(nnc_emulated_thread *thread, const void *address, int64_t bytes, int64_t flags,
                           const char *place);

#ifdef __cplusplus
}
#endif

#endif
