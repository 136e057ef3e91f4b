// Files for other programs to read.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileUtilities.h"
#include <deque>
#include <string>

namespace mlir::nn {

/// Files that go away with this object, or when the process is ended by a signal.
class TemporaryFiles {
public:
  /// An empty file; its path lives as long as this object, and ends in a zero.
  llvm::Expected<llvm::StringRef> make();
  llvm::Expected<llvm::StringRef> make(llvm::ArrayRef<char> content);

private:
  std::deque<std::string> paths;
  std::deque<llvm::FileRemover> removers;
};

} // namespace mlir::nn
