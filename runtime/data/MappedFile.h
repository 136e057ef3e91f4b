// A file's bytes, read through a mapping: nothing is copied, and what is never looked at is never read.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nnc {

/// A regular file mapped for reading. The file must not shrink while it is mapped.
class MappedFile {
public:
  /// Throws an Error where the file cannot be read or is empty.
  static std::shared_ptr<const MappedFile> open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;

  std::span<const std::byte> bytes() const { return {start, size}; }
  std::string_view text() const { return {reinterpret_cast<const char *>(start), size}; }

private:
  MappedFile(const std::byte *start, size_t size) : start(start), size(size) {}
  const std::byte *start;
  size_t size;
};

} // namespace nnc
