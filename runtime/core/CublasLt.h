// NVIDIA's cuBLASLt, found when a program's products may be left to it. Types, numbers and names are those of
// cublasLt.h, of CUDA 11 to 13.
#pragma once
#include "core/CudaDriver.h"
#include <cstdint>

namespace nnc::cublaslt {

using Status = int; // 0: done
using Handle = struct HandleObject *;
using Operation = struct OperationObject *;
using Layout = struct LayoutObject *;
using Preference = struct PreferenceObject *;

struct Algorithm {
  uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

constexpr Status kNotSupported = 15;
constexpr int kFloat = 0, kDouble = 1; // types of elements
enum Compute : int { kCompute32 = 68, kCompute64 = 70, kComputeBf16 = 75, kComputeTf32 = 77 };
enum OperationAttribute : int { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8 };
enum Epilogue : uint32_t { kPlain = 1, kRelu = 2, kBias = 4, kReluBias = 6 };
enum LayoutAttribute : int { kBatchCount = 5, kBatchStride = 6 };
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,
  kMinAlignmentA = 5, // in bytes; B, C and D follow
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8,
};

class Library {
public:
  static constexpr const char *kOwner = "cuBLASLt's";

  /// libcublasLt.so.13 or .12 where the loader looks, or what the environment variable NNC_CUBLASLT names. Throws an
  /// Error where there is none.
  Library();
  void *find(const char *symbol) const;
  /// Whether it plays cuBLASLt on the host, whose addresses it takes: it says so by a symbol, nnc_plays_cublaslt.
  bool isPlayed() const;
  std::string describe(const char *symbol, Status status) const;
  /// Such as 13.2.0.
  std::string version() const;

private:
  void *handle;
};

template <typename... Parameters> using Call = ForeignCall<Library, Parameters...>;

/// The functions that the runtime needs.
class Functions {
public:
  Library library;

  Functions() = default;
  Functions(const Functions &) = delete;

#define NNC_CUBLASLT_CALL(name, symbol, ...) Call<__VA_ARGS__> name{library, symbol};
  NNC_CUBLASLT_CALL(create, "cublasLtCreate", Handle *)
  NNC_CUBLASLT_CALL(destroy, "cublasLtDestroy", Handle)
  /// How it computes, and the type of alpha and beta.
  NNC_CUBLASLT_CALL(operationCreate, "cublasLtMatmulDescCreate", Operation *, int, int)
  NNC_CUBLASLT_CALL(operationDestroy, "cublasLtMatmulDescDestroy", Operation)
  NNC_CUBLASLT_CALL(operationSet, "cublasLtMatmulDescSetAttribute", Operation, int, const void *, size_t)
  /// Type, rows, columns and leading dimension of a matrix whose columns lie whole one after the other.
  NNC_CUBLASLT_CALL(layoutCreate, "cublasLtMatrixLayoutCreate", Layout *, int, uint64_t, uint64_t, int64_t)
  NNC_CUBLASLT_CALL(layoutDestroy, "cublasLtMatrixLayoutDestroy", Layout)
  NNC_CUBLASLT_CALL(layoutSet, "cublasLtMatrixLayoutSetAttribute", Layout, int, const void *, size_t)
  NNC_CUBLASLT_CALL(preferenceCreate, "cublasLtMatmulPreferenceCreate", Preference *)
  NNC_CUBLASLT_CALL(preferenceDestroy, "cublasLtMatmulPreferenceDestroy", Preference)
  NNC_CUBLASLT_CALL(preferenceSet, "cublasLtMatmulPreferenceSetAttribute", Preference, int, const void *, size_t)
  /// Layouts of A, B, C and D; room for how many results, the results, how many there are.
  NNC_CUBLASLT_CALL(findAlgorithms, "cublasLtMatmulAlgoGetHeuristic", Handle, Operation, Layout, Layout, Layout, Layout,
                    Preference, int, Heuristic *, int *)
  /// d = alpha a b + beta c, each matrix before its layout.
  NNC_CUBLASLT_CALL(multiply, "cublasLtMatmul", Handle, Operation, const void *, const void *, Layout, const void *,
                    Layout, const void *, const void *, Layout, void *, Layout, const Algorithm *, void *, size_t,
                    cuda::Stream)
#undef NNC_CUBLASLT_CALL
};

} // namespace nnc::cublaslt
