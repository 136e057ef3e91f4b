// TODO
#include "passes/Passes.h"
#include "dialect/NN.h"

namespace mlir::nn {
#define GEN_PASS_DEF_MATERIALIZEPARAMS
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct MaterializeParams : nn::impl::MaterializeParamsBase<MaterializeParams> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
