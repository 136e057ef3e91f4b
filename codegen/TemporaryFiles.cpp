// Makes temporary files.
#include "codegen/TemporaryFiles.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::nn;

Expected<StringRef> TemporaryFiles::make() {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error = sys::fs::createTemporaryFile("nnc", "o", descriptor, path))
    return createStringError(error, "cannot make a temporary file: " + error.message());
  sys::RemoveFileOnSignal(path);
  removers.emplace_back(path);
  paths.push_back(std::string(path));
  sys::Process::SafelyCloseFileDescriptor(descriptor);
  return StringRef(paths.back());
}

Expected<StringRef> TemporaryFiles::make(ArrayRef<char> content) {
  Expected<StringRef> path = make();
  if (!path)
    return path;
  std::error_code error;
  raw_fd_ostream stream(*path, error);
  stream.write(content.data(), content.size());
  stream.close();
  if (stream.has_error()) {
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write the temporary file " + *path + ": " + error.message());
  return path;
}
