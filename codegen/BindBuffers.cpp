// TODO
#include "codegen/Passes.h"
#include "dialect/NN.h"

namespace mlir::nn {
#define GEN_PASS_DEF_BINDBUFFERS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct BindBuffers : nn::impl::BindBuffersBase<BindBuffers> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
