// The arena as pointer and as memref; see Arena.h. The casts go between a memref and the struct that the conversion to
// LLVM makes of it, so that they vanish there.
#include "codegen/Arena.h"

using namespace mlir;
using namespace mlir::nn;

MemRefType nn::getArenaType(MLIRContext *context) {
  return MemRefType::get({ShapedType::kDynamic}, IntegerType::get(context, 8));
}

/// struct of base pointer, aligned pointer, offset, sizes, strides.
static LLVM::LLVMStructType getDescriptorType(MLIRContext *context) {
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto i64 = IntegerType::get(context, 64);
  auto extents = LLVM::LLVMArrayType::get(i64, 1);
  return LLVM::LLVMStructType::getLiteral(context, {pointer, pointer, i64, extents, extents});
}

Value nn::makeArena(OpBuilder &builder, Location loc, Value pointer) {
  Value descriptor = LLVM::UndefOp::create(builder, loc, getDescriptorType(builder.getContext()));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  Value zero = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
  Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(1));
  Value unbounded = LLVM::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(INT64_MAX));
  insert(pointer, {0});
  insert(pointer, {1});
  insert(zero, {2});
  insert(unbounded, {3, 0});
  insert(one, {4, 0});
  return UnrealizedConversionCastOp::create(builder, loc, getArenaType(builder.getContext()), descriptor).getResult(0);
}

Value nn::getArenaPointer(OpBuilder &builder, Location loc, Value arena) {
  Value descriptor =
      UnrealizedConversionCastOp::create(builder, loc, getDescriptorType(builder.getContext()), arena).getResult(0);
  return LLVM::ExtractValueOp::create(builder, loc, descriptor, ArrayRef<int64_t>{1});
}
