// TODO
#include "passes/Passes.h"
#include "dialect/NN.h"

namespace mlir::nn {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct Differentiate : nn::impl::DifferentiateBase<Differentiate> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
