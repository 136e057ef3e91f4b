// Files that are part of the compiler: the page that a report is shown on, and the devices that have names.
#pragma once
#include "llvm/ADT/StringRef.h"

namespace mlir::nn {

llvm::StringRef getReportHtml();
llvm::StringRef getReportStyle();
llvm::StringRef getReportScript();
llvm::StringRef getDevicesJson();

} // namespace mlir::nn
