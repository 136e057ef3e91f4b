// Which outputs would take the place of what is read.
#pragma once
#include "mlir/Support/LLVM.h"
#include <optional>
#include <string>

/// A file of the command line, and what it is there, such as `--device` or `the model file`.
struct File {
  std::string what, path;
};

/// What is wrong where one of the files that are written is one of those that are read, by whatever name; nothing where
/// none is.
std::optional<std::string> findOverwritten(mlir::ArrayRef<File> read, mlir::ArrayRef<File> written);
