/* What tests and the fake CUDA driver (fake_cuda.cpp) agree on: the form of a program's image, and how a test looks
 * into the driver and has its calls fail. */
#ifndef NNC_TEST_FAKE_CUDA_H
#define NNC_TEST_FAKE_CUDA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An image is an array of these, the last one without a name. */
typedef struct nnc_fake_kernel {
  const char *name;
  int64_t argument_count;
  void (*run)(void *arena, const int64_t *arguments);
} nnc_fake_kernel;

typedef struct nnc_fake_cuda {
  /* What the device is, and what the system allows. */
  int devices;
  int64_t free_bytes, total_bytes, shared_bytes, threads, multiprocessors, resident_threads;
  int refuses_to_register;

  /* The call of this number fails with `error`, as a call that gives back does what it is asked all the same; 0: none.
   */
  int64_t failing_call;
  int error;

  /* What has happened. */
  int64_t calls, copies_to_device, copies_to_host, copies_on_device, bytes_to_device, bytes_to_host, captures,
      graph_launches, kernel_launches, cooperative_launches;
  const char *failed_call;
  /* Contexts, modules, allocations, pinned ranges, streams, events and graphs that are held now. */
  int64_t held;
} nnc_fake_cuda;

/* The one function that no real driver has. */
nnc_fake_cuda *nnc_fake_cuda_state(void);

#ifdef __cplusplus
}
#endif

#endif
