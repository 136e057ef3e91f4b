// How a tool tells the report what its own command line says.
#pragma once
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::nn {

struct ReportSettings {
  int64_t batch = 32;
  std::string target, march, triple, device, compare, matmulPrecision, cublaslt;
  int64_t samples = 0, gpuBlocks = 128;
  /// Where the report goes; it outlives the pipeline.
  raw_ostream *os = &llvm::outs();
};

/// Gives `settings` to the nn-report passes of a pipeline.
void setReportOptions(OpPassManager &pm, const ReportSettings &settings);

} // namespace mlir::nn
