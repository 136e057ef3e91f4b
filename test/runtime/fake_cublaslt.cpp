// cuBLASLt without a GPU, for tests: products on the host's memory, by the definition of cublasLtMatmul. On a stream of
// the fake CUDA driver a product waits and is captured as kernels are; without one it is done at once.
//
// It is as strict as the real one may be: attributes have the type that cublasLt.h says, layouts fit each other and the
// operation, memory is aligned as was promised. It soils all of the workspace, and takes none but the algorithm that it
// chose. Factors are rounded as asked; sums are of f64, rounded in the end.
#include "core/CublasLt.h"
#include "fake_cuda.h"
#include "nnc/program.h"
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <memory>
#include <set>

namespace nnc::cublaslt {

struct HandleObject {};
struct OperationObject {
  int compute, scale;
  int32_t transposeA = 0, transposeB = 0;
  uint32_t epilogue = kPlain;
  const void *bias = nullptr;
};
struct LayoutObject {
  int type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t batches = 1;
  int64_t batchStride = 0;
};
struct PreferenceObject {
  uint64_t workspaceBytes = 0;
  uint32_t alignments[4] = {256, 256, 256, 256};
};

} // namespace nnc::cublaslt

namespace {

using namespace nnc::cublaslt;

enum : Status { kDone = 0, kNotInitialized = 1, kInvalidValue = 7, kExecutionFailed = 13 };

std::set<const void *> handles;

bool isHeld(const void *handle) { return handles.contains(handle); }

template <typename T> Status hold(T **result, T *handle) {
  handles.insert(handle);
  *result = handle;
  return kDone;
}

template <typename T> Status drop(T *handle) {
  if (handles.erase(handle) == 0)
    return kInvalidValue;
  delete handle;
  return kDone;
}

template <typename T> Status take(T &target, const void *value, size_t bytes) {
  if (bytes != sizeof(T))
    return kInvalidValue;
  std::memcpy(&target, value, bytes);
  return kDone;
}

float roundToTf32(float value) {
  constexpr uint32_t kHalf = 1 << 12, kDropped = (1 << 13) - 1;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + kHalf) & ~kDropped);
}
float roundToBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000);
}

/// A matrix's element of a batch, its columns whole one after the other.
template <typename T> struct Matrix {
  T *data;
  LayoutObject layout;
  T &at(int64_t batch, uint64_t row, uint64_t column) const {
    return data[batch * layout.batchStride + static_cast<int64_t>(column) * layout.leading + static_cast<int64_t>(row)];
  }
};

template <typename T> T rounded(T value, int compute) {
  if (compute == kComputeTf32)
    return static_cast<T>(roundToTf32(static_cast<float>(value)));
  if (compute == kComputeBf16)
    return static_cast<T>(roundToBf16(static_cast<float>(value)));
  return value;
}

template <typename T>
void multiply(const OperationObject &operation, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
              Matrix<const T> c, Matrix<T> d) {
  uint64_t terms = operation.transposeA ? a.layout.rows : a.layout.columns;
  for (int64_t batch = 0; batch < d.layout.batches; ++batch)
    for (uint64_t column = 0; column < d.layout.columns; ++column)
      for (uint64_t row = 0; row < d.layout.rows; ++row) {
        double sum = 0;
        for (uint64_t term = 0; term < terms; ++term) {
          T x = operation.transposeA ? a.at(batch, term, row) : a.at(batch, row, term);
          T y = operation.transposeB ? b.at(batch, column, term) : b.at(batch, term, column);
          sum +=
              static_cast<double>(rounded(x, operation.compute)) * static_cast<double>(rounded(y, operation.compute));
        }
        // C is not read where it counts for nothing.
        double value = static_cast<double>(alpha) * sum +
                       (beta == 0 ? 0 : static_cast<double>(beta) * static_cast<double>(c.at(batch, row, column)));
        if (operation.epilogue & kBias)
          value += static_cast<double>(static_cast<const T *>(operation.bias)[row]);
        if (operation.epilogue & kRelu)
          value = std::fmax(value, 0.0);
        d.at(batch, row, column) = static_cast<T>(value);
      }
}

/// Whether the matrices of an operation fit each other.
bool areConsistent(const OperationObject &operation, const LayoutObject &a, const LayoutObject &b,
                   const LayoutObject &c, const LayoutObject &d) {
  for (const LayoutObject *layout : {&a, &b, &c, &d})
    if (layout->leading < static_cast<int64_t>(layout->rows) || layout->batches != d.batches ||
        layout->type != operation.scale || layout->rows == 0 || layout->columns == 0)
      return false;
  uint64_t rows = operation.transposeA ? a.columns : a.rows, terms = operation.transposeA ? a.rows : a.columns,
           columns = operation.transposeB ? b.rows : b.columns, others = operation.transposeB ? b.columns : b.rows;
  return rows == d.rows && columns == d.columns && terms == others && c.rows == d.rows && c.columns == d.columns &&
         c.leading == d.leading && (operation.scale == kDouble) == (operation.compute == kCompute64);
}

/// Of a product that it would do: what it was chosen for.
constexpr uint64_t kSign = 0x6e6e63;
constexpr uint64_t kWorkspaceBytes = 256;

bool isAligned(const void *memory, uint64_t bytes) { return reinterpret_cast<uintptr_t>(memory) % bytes == 0; }

/// Work on a stream of the fake driver.
Status enqueue(nnc::cuda::Stream stream, std::function<void()> work) {
  if (!stream) {
    work();
    return kDone;
  }
  void *driver = dlopen(std::getenv("NNC_CUDA_DRIVER"), RTLD_NOW | RTLD_NOLOAD);
  auto *hand = driver
                   ? reinterpret_cast<int (*)(void *, void (*)(void *), void *)>(dlsym(driver, "nnc_fake_cuda_enqueue"))
                   : nullptr;
  // A graph repeats it; nobody says when it is over.
  auto *kept = new std::function<void()>(std::move(work));
  static std::set<std::unique_ptr<std::function<void()>>> all;
  all.emplace(kept);
  auto run = [](void *work) { (*static_cast<std::function<void()> *>(work))(); };
  return hand && hand(stream, run, kept) == 0 ? kDone : kExecutionFailed;
}

} // namespace

extern "C" {

/// That it takes the host's addresses: what the emulator looks for.
int nnc_plays_cublaslt(void) { return 1; }

/// What a test looks at, and sets: handles that are held, products done, and whether it refuses all of them.
int64_t nnc_fake_cublaslt_products = 0;
int nnc_fake_cublaslt_refuses = 0;
int64_t nnc_fake_cublaslt_held(void) { return static_cast<int64_t>(handles.size()); }

size_t cublasLtGetVersion(void) { return 130200; }
const char *cublasLtGetStatusName(Status status) {
  return status == kInvalidValue     ? "CUBLAS_STATUS_INVALID_VALUE"
         : status == kNotInitialized ? "CUBLAS_STATUS_NOT_INITIALIZED"
         : status == kNotSupported   ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                     : "CUBLAS_STATUS_EXECUTION_FAILED";
}
const char *cublasLtGetStatusString(Status status) {
  return status == kInvalidValue     ? "an unsupported value or parameter was passed"
         : status == kNotInitialized ? "the library was not initialized"
         : status == kNotSupported   ? "the functionality is not supported"
                                     : "the GPU program failed to execute";
}

Status cublasLtCreate(Handle *handle) {
  const char *broken = std::getenv("NNC_FAKE_CUBLASLT_BROKEN");
  return broken && *broken ? kNotInitialized : hold(handle, new HandleObject);
}
Status cublasLtDestroy(Handle handle) { return drop(handle); }

Status cublasLtMatmulDescCreate(Operation *operation, int compute, int scale) {
  return hold(operation, new OperationObject{compute, scale});
}
Status cublasLtMatmulDescDestroy(Operation operation) { return drop(operation); }
Status cublasLtMatmulDescSetAttribute(Operation operation, int attribute, const void *value, size_t bytes) {
  if (!isHeld(operation))
    return kInvalidValue;
  switch (attribute) {
  case kTransposeA:
    return take(operation->transposeA, value, bytes);
  case kTransposeB:
    return take(operation->transposeB, value, bytes);
  case kEpilogue:
    return take(operation->epilogue, value, bytes);
  case kBiasPointer:
    return take(operation->bias, value, bytes);
  }
  return kInvalidValue;
}

Status cublasLtMatrixLayoutCreate(Layout *layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  return hold(layout, new LayoutObject{type, rows, columns, leading});
}
Status cublasLtMatrixLayoutDestroy(Layout layout) { return drop(layout); }
Status cublasLtMatrixLayoutSetAttribute(Layout layout, int attribute, const void *value, size_t bytes) {
  if (!isHeld(layout))
    return kInvalidValue;
  if (attribute == kBatchCount)
    return take(layout->batches, value, bytes);
  return attribute == kBatchStride ? take(layout->batchStride, value, bytes) : kInvalidValue;
}

Status cublasLtMatmulPreferenceCreate(Preference *preference) { return hold(preference, new PreferenceObject); }
Status cublasLtMatmulPreferenceDestroy(Preference preference) { return drop(preference); }
Status cublasLtMatmulPreferenceSetAttribute(Preference preference, int attribute, const void *value, size_t bytes) {
  if (!isHeld(preference))
    return kInvalidValue;
  if (attribute == kMaxWorkspaceBytes)
    return take(preference->workspaceBytes, value, bytes);
  return attribute >= kMinAlignmentA && attribute <= kMinAlignmentD
             ? take(preference->alignments[attribute - kMinAlignmentA], value, bytes)
             : kInvalidValue;
}

Status cublasLtMatmulAlgoGetHeuristic(Handle handle, Operation operation, Layout a, Layout b, Layout c, Layout d,
                                      Preference preference, int room, Heuristic *results, int *count) {
  for (const void *held : {static_cast<const void *>(handle), static_cast<const void *>(operation),
                           static_cast<const void *>(a), static_cast<const void *>(b), static_cast<const void *>(c),
                           static_cast<const void *>(d), static_cast<const void *>(preference)})
    if (!isHeld(held))
      return kInvalidValue;
  *count = 0;
  if (room < 1 || !areConsistent(*operation, *a, *b, *c, *d))
    return kInvalidValue;
  // As the real one, which adds no bias in f64.
  bool isKnown = operation->scale == kFloat || operation->epilogue == kPlain;
  if (nnc_fake_cublaslt_refuses || !isKnown || preference->workspaceBytes < kWorkspaceBytes)
    return kNotSupported;
  *results = {{{kSign, preference->alignments[0], preference->alignments[1], preference->alignments[2],
                preference->alignments[3]}},
              kWorkspaceBytes,
              kDone,
              1,
              {}};
  *count = 1;
  return kDone;
}

Status cublasLtMatmul(Handle handle, Operation operation, const void *alpha, const void *a, Layout layoutA,
                      const void *b, Layout layoutB, const void *beta, const void *c, Layout layoutC, void *d,
                      Layout layoutD, const Algorithm *algorithm, void *workspace, size_t workspaceBytes,
                      nnc::cuda::Stream stream) {
  for (const void *held :
       {static_cast<const void *>(handle), static_cast<const void *>(operation), static_cast<const void *>(layoutA),
        static_cast<const void *>(layoutB), static_cast<const void *>(layoutC), static_cast<const void *>(layoutD)})
    if (!isHeld(held))
      return kInvalidValue;
  const uint64_t *data = algorithm->data;
  if (!areConsistent(*operation, *layoutA, *layoutB, *layoutC, *layoutD) || data[0] != kSign ||
      workspaceBytes < kWorkspaceBytes || !isAligned(a, data[1]) || !isAligned(b, data[2]) || !isAligned(c, data[3]) ||
      !isAligned(d, data[4]) || !isAligned(workspace, NNC_WORKSPACE_ALIGNMENT))
    return kInvalidValue;
  auto work = [&](auto zero) {
    using T = decltype(zero);
    T factor = *static_cast<const T *>(alpha), other = *static_cast<const T *>(beta);
    return std::function<void()>(
        [=, operation = *operation, layoutA = *layoutA, layoutB = *layoutB, layoutC = *layoutC, layoutD = *layoutD] {
          std::memset(workspace, 0xc3, workspaceBytes);
          multiply<T>(operation, factor, {static_cast<const T *>(a), layoutA}, {static_cast<const T *>(b), layoutB},
                      other, {static_cast<const T *>(c), layoutC}, {static_cast<T *>(d), layoutD});
          ++nnc_fake_cublaslt_products;
        });
  };
  return enqueue(stream, operation->scale == kDouble ? work(double()) : work(float()));
}

} // extern "C"
