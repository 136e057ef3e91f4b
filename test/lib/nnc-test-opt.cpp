// nnc-test-opt: reads a module in any phase and runs the passes that only tests use.
#include "CountProducts.h"
#include "MutateAdjoints.h"
#include "TestSchedules.h"
#include "dialect/NN.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

using namespace mlir;

int main(int argc, char **argv) {
  nn::test::registerCountProducts();
  nn::test::registerMutateAdjoints();
  nn::test::registerTestSchedules();
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<nn::NNDialect>();
  return asMainReturnCode(MlirOptMain(argc, argv, "nnc-test-opt: passes for tests of nnc\n", registry));
}
