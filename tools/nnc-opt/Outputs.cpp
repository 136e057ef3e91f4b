// Compares files by what they are, not by their names; see Outputs.h.
#include "Outputs.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;

/// Where the system has the file: `-` is standard input, which may be one.
static StringRef getPath(const File &read) { return read.path == "-" ? StringRef("/dev/stdin") : read.path; }

std::optional<std::string> findOverwritten(ArrayRef<File> read, ArrayRef<File> written) {
  for (const File &output : written) {
    // Devices and pipes hold nothing that could be lost.
    if (output.path == "-" || !llvm::sys::fs::is_regular_file(output.path))
      continue;
    for (const File &input : read)
      if (llvm::sys::fs::equivalent(getPath(input), output.path))
        return output.what + " " + output.path + " would overwrite " + input.what + ", '" + input.path + "'";
  }
  return std::nullopt;
}
