// Devices that estimates of time are made for: named ones (devices.json), and files as nnc-run describe-device writes
// them.
#pragma once
#include "mlir/Support/LLVM.h"
#include "passes/report/CostReport.h"
#include "llvm/Support/Error.h"

namespace mlir::nn {

/// The device of a name, or of a file where `text` ends in .json. The error says what is wrong with the file, or lists
/// the names that are known.
llvm::Expected<Device> findDevice(StringRef text);

/// The named ones of a kind, separated by commas.
std::string listDevices(StringRef kind);

} // namespace mlir::nn
