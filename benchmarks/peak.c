// Prints the FLOP/s that independent fused multiply-adds in registers reach on THREADS threads: the peak that shares are of.
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

// More than latency times throughput of any core, and few enough for 16 registers.
#define CHAINS 12
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double run(int threads, long turns) {
  double start = omp_get_wtime();
#pragma omp parallel num_threads(threads)
  {
    vector sums[CHAINS] = {}, a = {}, b = {};
    a += 0.999f, b += 1e-3f;
    for (long turn = 0; turn < turns; ++turn)
#pragma clang loop unroll(full)
      for (int i = 0; i < CHAINS; ++i) {
        sums[i] = sums[i] * a + b;
        __asm__ volatile("" : "+x"(sums[i]));
      }
  }
  return 2.0 * LANES * CHAINS * turns * threads / (omp_get_wtime() - start);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  double best = 0;
  for (int i = 0; i < 10; ++i) {
    double rate = run(threads, 3000000);
    best = rate > best ? rate : best;
  }
  printf("%.0f\n", best);
  return 0;
}
