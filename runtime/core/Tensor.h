// What the descriptor's tensors measure and how they are written in messages.
#pragma once
#include "nnc/program.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace nnc {

/// `f32`, `f64`, `i32` or `i64`.
const char *dtypeName(int32_t dtype);
/// Bytes of one element; 0 for a dtype that does not exist.
int64_t dtypeBytes(int32_t dtype);

inline std::span<const int64_t> shapeOf(const nnc_tensor &tensor) {
  return {tensor.shape, static_cast<size_t>(tensor.rank)};
}
/// The product of the sizes, or -1 where one is negative or the product leaves 64 bits.
int64_t elementCount(std::span<const int64_t> shape);
inline int64_t elementCount(const nnc_tensor &tensor) { return elementCount(shapeOf(tensor)); }
inline int64_t byteCount(const nnc_tensor &tensor) { return elementCount(tensor) * dtypeBytes(tensor.dtype); }

/// Whether the elements at `data`, which may lie at any address, are all finite; integers are.
bool allFinite(const nnc_tensor &tensor, const void *data);

/// A type as model files write it: `tensor<128x784xf32>`; `anyBatch` writes dimension 0 as `?`.
std::string typeText(std::span<const int64_t> shape, const std::string &dtype, bool anyBatch = false);
std::string typeText(const nnc_tensor &tensor, bool anyBatch = false);

} // namespace nnc
