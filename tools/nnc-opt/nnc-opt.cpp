// nnc-opt: reads a model file and runs passes on it. A list of registrations around MlirOptMain, plus `--phase`.
#include "codegen/Passes.h"
#include "dialect/NN.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;

int main(int argc, char **argv) {
  registerAllPasses();
  nn::registerNnPasses();
  nn::registerNnCodegenPasses();
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<nn::NNDialect>();
  return asMainReturnCode(MlirOptMain(argc, argv, "nnc-opt: the nnc compiler\n", registry));
}
