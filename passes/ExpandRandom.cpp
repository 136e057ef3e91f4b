// --nn-expand-random: nn.philox as the ten rounds of Philox 4x32-10 in arith, as published (Salmon et al., SC 2011).
#include "dialect/NN.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_EXPANDRANDOM
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

Value i64Constant(ImplicitLocOpBuilder &b, uint32_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

/// The 64-bit product of a word and a constant.
Value multiply(ImplicitLocOpBuilder &b, Value word, uint32_t factor) {
  Value low = arith::AndIOp::create(b, word, i64Constant(b, 0xFFFFFFFF));
  return arith::MulIOp::create(b, low, i64Constant(b, factor));
}

Value highWord(ImplicitLocOpBuilder &b, Value value) { return arith::ShRUIOp::create(b, value, i64Constant(b, 32)); }

Value exclusiveOr(ImplicitLocOpBuilder &b, Value x, Value y, Value z) {
  return arith::XOrIOp::create(b, arith::XOrIOp::create(b, x, y), z);
}

/// Words are the low halves of 64-bit values; what the high halves hold does not matter until the end. So a product
/// is one instruction on vectors (of 32 x 32 bits into 64, as vpmuludq) and needs no shuffles.
SmallVector<Value> computePhilox(ImplicitLocOpBuilder &b, PhiloxOp op) {
  Value key0 = op.getSeed(), key1 = highWord(b, op.getSeed());
  Value c0 = op.getC0(), c1 = op.getC1(), c2 = op.getC2(), c3 = op.getC3();
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key0 = arith::AddIOp::create(b, key0, i64Constant(b, 0x9E3779B9));
      key1 = arith::AddIOp::create(b, key1, i64Constant(b, 0xBB67AE85));
    }
    Value product0 = multiply(b, c0, 0xD2511F53), product1 = multiply(b, c2, 0xCD9E8D57);
    c0 = exclusiveOr(b, highWord(b, product1), c1, key0);
    c2 = exclusiveOr(b, highWord(b, product0), c3, key1);
    c1 = product1;
    c3 = product0;
  }
  return llvm::map_to_vector(ArrayRef{c0, c1, c2, c3},
                             [&](Value word) -> Value { return arith::TruncIOp::create(b, b.getI32Type(), word); });
}

struct ExpandRandom : nn::impl::ExpandRandomBase<ExpandRandom> {
  using Base::Base;
  void runOnOperation() override {
    getOperation()->walk([](PhiloxOp op) {
      ImplicitLocOpBuilder b(op.getLoc(), op);
      op->replaceAllUsesWith(computePhilox(b, op));
      op->erase();
    });
  }
};

} // namespace
