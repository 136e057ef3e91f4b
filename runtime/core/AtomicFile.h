// A file that appears under its name complete or not at all.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace nnc {

/// Writes beside `path` under a temporary name; `commit` makes the data durable and gives it the name. Without a commit
/// the temporary file is removed and what `path` held stays as it was. Every failure is an Error with the system's
/// reason.
class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;

  void write(const void *data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

private:
  [[noreturn]] void failWith(const char *what);

  std::string path, temporary;
  int descriptor = -1;
};

} // namespace nnc
