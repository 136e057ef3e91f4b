// Measures the peak of multiply-adds and the bandwidth of memory; see Roofline.h. Work is handed out as programs hand
// out theirs, by the parallel loop; of several tries the best counts.
#include "core/Roofline.h"
#include "core/Arena.h"
#include "core/Parallel.h"
#include <algorithm>
#include <chrono>
#include <limits>
#include <unistd.h>

namespace nnc {
namespace {

/// As many operations in flight as hide an operation's latency, and few enough for 16 registers.
constexpr int kChains = 12;
constexpr int64_t kTurns = 1000000;
constexpr int kTries = 10;

/// A vector of floats, of 4, 8 or 16.
template <int lanes> using Vector __attribute__((vector_size(lanes * sizeof(float)))) = float;

template <int lanes> [[gnu::always_inline]] inline float multiplyAdd(float factor, float summand) {
  Vector<lanes> sums[kChains] = {}, a = {}, b = {};
  a += factor;
  b += summand;
  // No two chains alike, or a compiler would compute one for both.
  for (int i = 0; i < kChains; ++i)
    sums[i] += summand * static_cast<float>(i);
  for (int64_t turn = 0; turn < kTurns; ++turn)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i)
      sums[i] = sums[i] * a + b;
  float sum = 0;
  for (const Vector<lanes> &chain : sums)
    sum += chain[0];
  return sum;
}

using MultiplyAdd = float (*)(float, float);

struct Instructions {
  MultiplyAdd multiplyAdd;
  int lanes;
};

#if defined(__x86_64__)
[[gnu::target("avx512f")]] float multiplyAdd512(float a, float b) { return multiplyAdd<16>(a, b); }
[[gnu::target("avx2,fma")]] float multiplyAdd256(float a, float b) { return multiplyAdd<8>(a, b); }
#endif
float multiplyAdd128(float a, float b) { return multiplyAdd<4>(a, b); }

Instructions bestInstructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {multiplyAdd512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {multiplyAdd256, 8};
#endif
  return {multiplyAdd128, 4};
}

/// The seconds that `threads` tasks take, one a worker: the least of several tries.
double timeTasks(nnc_parallel_body body, void *context, int threads) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTries; ++i) {
    auto start = std::chrono::steady_clock::now();
    nnc_rt_parallel_for(body, context, threads);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

double measureFlops(int threads) {
  Instructions best = bestInstructions();
  auto body = [](void *context, int64_t, int64_t) {
    // Read at run time: the compiler knows neither the numbers nor that nobody wants the sum.
    volatile float factor = 0.999f, summand = 1e-3f;
    volatile float sum = static_cast<Instructions *>(context)->multiplyAdd(factor, summand);
    (void)sum;
  };
  double operations = 2.0 * best.lanes * kChains * kTurns * threads;
  return operations / timeTasks(body, &best, threads);
}

/// The three arrays of the triad, one behind the other, and each thread's part of them.
struct Triad {
  float *a, *b, *c;
  int64_t part;
};

/// Far more than the last cache, within reason.
int64_t triadBytes() {
  constexpr int64_t kLeast = int64_t(192) << 20, kMost = int64_t(3) << 30;
  int64_t cache = 0, page = sysconf(_SC_PAGESIZE), available = sysconf(_SC_AVPHYS_PAGES);
#if defined(_SC_LEVEL3_CACHE_SIZE)
  cache = std::max<int64_t>(sysconf(_SC_LEVEL3_CACHE_SIZE), 0);
#endif
  return std::min(std::clamp(4 * cache, kLeast, kMost), available * page / 4);
}

double measureBytes(int threads) {
  int64_t part = triadBytes() / (3 * sizeof(float)) / threads;
  int64_t elements = part * threads;
  Arena memory(static_cast<int64_t>(3 * elements * sizeof(float)), {});
  auto *first = reinterpret_cast<float *>(memory.data());
  Triad triad{first, first + elements, first + 2 * elements, part};
  auto body = [](void *context, int64_t task, int64_t) {
    const Triad &triad = *static_cast<const Triad *>(context);
    int64_t start = task * triad.part;
    float *__restrict a = triad.a + start;
    const float *__restrict b = triad.b + start, *__restrict c = triad.c + start;
    for (int64_t i = 0; i < triad.part; ++i)
      a[i] = b[i] + 0.5f * c[i];
  };
  // Pages that nobody wrote to are all one, which a cache holds.
  auto touch = [](void *context, int64_t task, int64_t) {
    const Triad &triad = *static_cast<const Triad *>(context);
    for (float *array : {triad.a, triad.b, triad.c})
      std::fill_n(array + task * triad.part, triad.part, 1.0f);
  };
  nnc_rt_parallel_for(touch, &triad, threads);
  return static_cast<double>(memory.size()) / timeTasks(body, &triad, threads);
}

} // namespace

double Roofline::tensorFlops(int32_t precision) const {
  return precision == NNC_PRECISION_TF32 ? tf32Flops : precision == NNC_PRECISION_BF16 ? bf16Flops : 0;
}

double Roofline::arithmeticSeconds(const nnc_kernel &kernel, int32_t precision) const {
  auto onTensorCores = static_cast<double>(kernel.tensor_flops), all = static_cast<double>(kernel.flops);
  double rate = tensorFlops(precision);
  return std::max((all - onTensorCores) / flops, rate > 0 ? onTensorCores / rate : 0);
}

double Roofline::seconds(const nnc_kernel &kernel, int32_t precision) const {
  return std::max(arithmeticSeconds(kernel, precision), static_cast<double>(kernel.bytes) / bytes);
}

Roofline measureRoofline(int threads) {
  Workers workers(threads);
  WorkerScope scope(workers);
  return {measureFlops(threads), measureBytes(threads)};
}

} // namespace nnc
