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

Value i32Constant(ImplicitLocOpBuilder &b, uint32_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value exclusiveOr(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::XOrIOp::create(b, x, y); }

/// The 64-bit product of two words, as (low, high).
std::pair<Value, Value> multiply(ImplicitLocOpBuilder &b, Value x, uint32_t y) {
  auto product = arith::MulUIExtendedOp::create(b, x, i32Constant(b, y));
  return {product.getLow(), product.getHigh()};
}

SmallVector<Value> computePhilox(ImplicitLocOpBuilder &b, PhiloxOp op) {
  Type i32 = b.getI32Type();
  auto lowWord = [&](Value value) -> Value { return arith::TruncIOp::create(b, i32, value); };
  Value halfWidth = arith::ConstantOp::create(b, b.getI64IntegerAttr(32));
  Value key0 = lowWord(op.getSeed()), key1 = lowWord(arith::ShRUIOp::create(b, op.getSeed(), halfWidth));
  Value c0 = lowWord(op.getC0()), c1 = lowWord(op.getC1()), c2 = lowWord(op.getC2()), c3 = lowWord(op.getC3());
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key0 = arith::AddIOp::create(b, key0, i32Constant(b, 0x9E3779B9));
      key1 = arith::AddIOp::create(b, key1, i32Constant(b, 0xBB67AE85));
    }
    auto [low0, high0] = multiply(b, c0, 0xD2511F53);
    auto [low1, high1] = multiply(b, c2, 0xCD9E8D57);
    c0 = exclusiveOr(b, exclusiveOr(b, high1, c1), key0);
    c2 = exclusiveOr(b, exclusiveOr(b, high0, c3), key1);
    c1 = low1;
    c3 = low0;
  }
  return {c0, c1, c2, c3};
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
