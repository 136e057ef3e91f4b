// What the descriptor's tensors measure and how they are written in messages.
#include "core/Tensor.h"
#include <cmath>
#include <cstring>

namespace nnc {
namespace {

template <typename T> bool allFiniteOf(const void *data, int64_t count) {
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, static_cast<const std::byte *>(data) + i * sizeof(T), sizeof(T));
    finite &= std::isfinite(value);
  }
  return finite;
}

} // namespace

const char *dtypeName(int32_t dtype) {
  switch (dtype) {
  case NNC_F32:
    return "f32";
  case NNC_F64:
    return "f64";
  case NNC_I32:
    return "i32";
  case NNC_I64:
    return "i64";
  }
  return "unknown";
}

int64_t dtypeBytes(int32_t dtype) {
  switch (dtype) {
  case NNC_F32:
  case NNC_I32:
    return 4;
  case NNC_F64:
  case NNC_I64:
    return 8;
  }
  return 0;
}

int64_t elementCount(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return -1;
    if (size == 0)
      empty = true;
    else if (__builtin_mul_overflow(count, size, &count))
      return -1;
  }
  return empty ? 0 : count;
}

bool allFinite(const nnc_tensor &tensor, const void *data) {
  switch (tensor.dtype) {
  case NNC_F32:
    return allFiniteOf<float>(data, elementCount(tensor));
  case NNC_F64:
    return allFiniteOf<double>(data, elementCount(tensor));
  }
  return true;
}

std::string typeText(std::span<const int64_t> shape, const std::string &dtype, bool anyBatch) {
  std::string text = "tensor<";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (anyBatch && i == 0 ? "?" : std::to_string(shape[i])) + "x";
  return text + dtype + ">";
}

std::string typeText(const nnc_tensor &tensor, bool anyBatch) {
  return typeText(shapeOf(tensor), dtypeName(tensor.dtype), anyBatch);
}

} // namespace nnc
