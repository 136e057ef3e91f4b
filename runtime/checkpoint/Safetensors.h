// The safetensors format: eight bytes of length, a JSON header that says where each tensor lies, the tensors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nnc {

struct StoredTensor {
  int32_t dtype = 0; // nnc_dtype
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Tensors by name, and a map of texts.
struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::map<std::string, StoredTensor> tensors;
  std::shared_ptr<const void> owner; // of the tensors' bytes
};

/// Reads a file; the tensors point into a mapping of it. Throws an Error where anything does not fit together.
Safetensors readSafetensors(const std::string &path);
Safetensors parseSafetensors(std::span<const std::byte> bytes, const std::string &source,
                             std::shared_ptr<const void> owner);

/// Replaces `path` atomically. Equal contents give equal bytes.
void writeSafetensors(const std::string &path, const Safetensors &contents);

} // namespace nnc
