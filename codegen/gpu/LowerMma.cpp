// --nn-lower-mma: products of warps of bf16, which upstream's lowering of nvgpu has no form for, as nvvm.mma.sync.
#include "codegen/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERMMA
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
/// The registers of a fragment of bf16, two elements each, as instructions take them.
SmallVector<Value> getRegisters(OpBuilder &builder, Location loc, Value fragment) {
  auto type = VectorType::get(1, builder.getI32Type());
  SmallVector<Value> registers;
  for (int64_t i = 0; i < cast<VectorType>(fragment.getType()).getDimSize(0); ++i) {
    Value pair = vector::ExtractOp::create(builder, loc, fragment, ArrayRef<int64_t>{i});
    Value word = vector::BitCastOp::create(builder, loc, type, pair);
    registers.push_back(vector::ExtractOp::create(builder, loc, word, ArrayRef<int64_t>{0}));
  }
  return registers;
}

void lower(nvgpu::MmaSyncOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto resultType = cast<VectorType>(op.getType());
  SmallVector<Value> sums;
  for (int64_t row : {0, 1})
    for (int64_t column : {0, 1})
      sums.push_back(vector::ExtractOp::create(builder, loc, op.getMatrixC(), ArrayRef<int64_t>{row, column}));
  Type f32 = builder.getF32Type();
  auto structType = LLVM::LLVMStructType::getLiteral(op.getContext(), SmallVector<Type>(sums.size(), f32));
  auto bf16 = std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16};
  auto layouts = std::array{NVVM::MMALayout::row, NVVM::MMALayout::col};
  Value result = NVVM::MmaOp::create(builder, loc, structType, getRegisters(builder, loc, op.getMatrixA()),
                                     getRegisters(builder, loc, op.getMatrixB()), sums, op.getMmaShapeAsArray(),
                                     /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt, bf16, layouts);
  Value vector = ub::PoisonOp::create(builder, loc, resultType);
  for (int64_t i = 0; i < 4; ++i) {
    Value sum = LLVM::ExtractValueOp::create(builder, loc, result, ArrayRef<int64_t>{i});
    vector = vector::InsertOp::create(builder, loc, sum, vector, ArrayRef<int64_t>{i / 2, i % 2});
  }
  op.replaceAllUsesWith(vector);
  op.erase();
}

struct LowerMma : nn::impl::LowerMmaBase<LowerMma> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<nvgpu::MmaSyncOp> ops;
    getOperation()->walk([&](nvgpu::MmaSyncOp op) {
      if (getElementTypeOrSelf(op.getMatrixA().getType()).isBF16())
        ops.push_back(op);
    });
    for (nvgpu::MmaSyncOp op : ops)
      lower(op);
  }
};
} // namespace
