// Rewrites the ops of a GPU kernel for the host's emulator; see EmulatedBody.h. What threads do together is a call of
// the host; what one of them does alone stays as it is.
#include "codegen/gpu/EmulatedBody.h"
#include "codegen/Arena.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/RecordAccesses.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "runtime/include/nnc/program.h"
#include <cstddef>

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr int64_t warpThreads = 32;

/// No vector that is exchanged or copied tells its alignment.
constexpr unsigned unaligned = 1;

class BodyRewriter {
public:
  BodyRewriter(func::FuncOp function, const EmulatedThreadValues &values, EmulatorCalls &calls)
      : function(function), thread(values.thread), calls(calls), builder(function.getContext()),
        pointer(LLVM::LLVMPointerType::get(function.getContext())) {}

  LogicalResult rewrite();

private:
  LogicalResult rewrite(Operation *op);
  void replace(Operation *op, Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }

  // Fields of the thread.
  Value load(Type type, size_t offset) { return LLVM::LoadOp::create(builder, loc, type, makeOffset(thread, offset)); }
  Value loadNumber(size_t offset) { return load(builder.getI64Type(), offset); }
  Value loadIndex(size_t offset) { return toIndex(loadNumber(offset)); }
  Value getLane() {
    return arith::RemUIOp::create(builder, loc, loadNumber(offsetof(nnc_emulated_thread, thread)), int64(warpThreads));
  }
  /// Blocks and threads have one dimension: the others have one element.
  Value getDimension(gpu::Dimension dimension, size_t offset, int64_t other) {
    if (dimension == gpu::Dimension::x)
      return loadIndex(offset);
    return arith::ConstantIndexOp::create(builder, loc, other);
  }

  Value int64(int64_t value) { return makeInt64(builder, loc, value); }
  Value toIndex(Value value) { return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value); }
  Value toInt64(Value value) { return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value); }
  Value makeOffset(Value base, int64_t bytes) {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
  }

  /// Memory that the host reads, and writes, during one call.
  Value getBuffer();
  /// What an error says of an op at which threads wait for each other: no two have the same.
  Value makeWaitingPlace(Operation *op);

  LogicalResult rewriteShuffle(gpu::ShuffleOp op);
  void rewriteCopy(nvgpu::DeviceAsyncCopyOp op);
  LogicalResult rewriteProduct(nvgpu::MmaSyncOp op);
  LogicalResult rewriteConversion(NVVM::ConvertFloatToTF32Op op);

  func::FuncOp function;
  Value thread, buffer;
  EmulatorCalls &calls;
  OpBuilder builder;
  Location loc = builder.getUnknownLoc();
  Type pointer;
  int64_t numWaits = 0;
};

Value BodyRewriter::getBuffer() {
  if (buffer)
    return buffer;
  OpBuilder atStart = OpBuilder::atBlockBegin(&function.getBody().front());
  Value count = makeInt64(atStart, function.getLoc(), sizeof(nnc_mma_fragments) / sizeof(int64_t));
  return buffer = LLVM::AllocaOp::create(atStart, function.getLoc(), pointer, atStart.getI64Type(), count);
}

Value BodyRewriter::makeWaitingPlace(Operation *op) {
  return calls.makeText(builder, loc, describePlace(op, "#" + std::to_string(numWaits++)));
}

LogicalResult BodyRewriter::rewrite() {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  LogicalResult result = success();
  for (Operation *op : ops) {
    builder.setInsertionPoint(op);
    loc = op->getLoc();
    if (failed(rewrite(op)))
      result = failure();
  }
  return result;
}

LogicalResult BodyRewriter::rewrite(Operation *op) {
  using Thread = nnc_emulated_thread;
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](gpu::BlockIdOp id) {
        replace(id, getDimension(id.getDimension(), offsetof(Thread, block), 0));
        return success();
      })
      .Case([&](gpu::GridDimOp dim) {
        replace(dim, getDimension(dim.getDimension(), offsetof(Thread, blocks), 1));
        return success();
      })
      .Case([&](gpu::ThreadIdOp id) {
        replace(id, getDimension(id.getDimension(), offsetof(Thread, thread), 0));
        return success();
      })
      .Case([&](gpu::BlockDimOp dim) {
        replace(dim, getDimension(dim.getDimension(), offsetof(Thread, threads), 1));
        return success();
      })
      .Case([&](gpu::GlobalIdOp id) {
        Value block = getDimension(id.getDimension(), offsetof(Thread, block), 0);
        Value threads = getDimension(id.getDimension(), offsetof(Thread, threads), 1);
        Value thread = getDimension(id.getDimension(), offsetof(Thread, thread), 0);
        Value before = arith::MulIOp::create(builder, loc, block, threads);
        replace(id, arith::AddIOp::create(builder, loc, before, thread));
        return success();
      })
      .Case([&](gpu::LaneIdOp id) {
        replace(id, toIndex(getLane()));
        return success();
      })
      .Case([&](gpu::SubgroupIdOp id) {
        Value number = loadNumber(offsetof(Thread, thread));
        replace(id, toIndex(arith::DivUIOp::create(builder, loc, number, int64(warpThreads))));
        return success();
      })
      .Case([&](gpu::SubgroupSizeOp size) {
        replace(size, arith::ConstantIndexOp::create(builder, loc, warpThreads));
        return success();
      })
      .Case([&](gpu::DynamicSharedMemoryOp memory) {
        replace(memory, makeArena(builder, loc, load(pointer, offsetof(Thread, shared))));
        return success();
      })
      .Case([&](memref::MemorySpaceCastOp cast) {
        replace(cast, cast.getSource());
        return success();
      })
      .Case([&](gpu::BarrierOp barrier) {
        StringRef name = barrier->hasAttr(gridBarrierName) ? "nnc_rt_emulate_grid_barrier" : "nnc_rt_emulate_barrier";
        calls.call(builder, loc, name, {thread, makeWaitingPlace(op)});
        op->erase();
        return success();
      })
      .Case([&](nvgpu::DeviceAsyncCopyOp copy) {
        rewriteCopy(copy);
        return success();
      })
      .Case([&](nvgpu::DeviceAsyncCreateGroupOp group) {
        // As on the device, a group has all copies since the last one; so tokens say nothing.
        calls.call(builder, loc, "nnc_rt_emulate_copy_group", thread);
        replace(group, int64(0));
        return success();
      })
      .Case([&](nvgpu::DeviceAsyncWaitOp wait) {
        calls.call(builder, loc, "nnc_rt_emulate_copy_wait", {thread, int64(wait.getNumGroups().value_or(0))});
        op->erase();
        return success();
      })
      .Case([&](gpu::ReturnOp) {
        func::ReturnOp::create(builder, loc);
        op->erase();
        return success();
      })
      .Case([&](gpu::ShuffleOp shuffle) { return rewriteShuffle(shuffle); })
      .Case([&](nvgpu::MmaSyncOp product) { return rewriteProduct(product); })
      .Case([&](NVVM::ConvertFloatToTF32Op conversion) { return rewriteConversion(conversion); })
      .Default([&](Operation *) -> LogicalResult {
        StringRef dialect = op->getName().getDialectNamespace();
        if (dialect == "gpu" || dialect == "nvgpu" || dialect == "nvvm")
          return op->emitOpError() << "is no operation that the emulator knows";
        return success();
      });
}

/// As shfl.sync: a lane that asks for one outside of the warp gets its own value.
LogicalResult BodyRewriter::rewriteShuffle(gpu::ShuffleOp op) {
  APInt width;
  if (!matchPattern(op.getWidth(), m_ConstantInt(&width)) || width != warpThreads)
    return op.emitOpError() << "is not of 32 lanes, which is what the emulator knows";
  Type type = op.getValue().getType();
  if (getMemoryBytes(type) > static_cast<int64_t>(sizeof(nnc_mma_fragments)))
    return op.emitOpError() << "is of " << type << ", which is more than the emulator exchanges at once";
  LLVM::StoreOp::create(builder, loc, op.getValue(), getBuffer(), unaligned);
  Value lanes = calls.call(builder, loc, "nnc_rt_emulate_exchange",
                           {thread, getBuffer(), int64(getMemoryBytes(type)), makeWaitingPlace(op)}, pointer);
  Value lane = getLane(), last = int64(warpThreads - 1), offset = op.getOffset(), from;
  offset =
      arith::AndIOp::create(builder, loc, arith::ExtUIOp::create(builder, loc, builder.getI64Type(), offset), last);
  switch (op.getMode()) {
  case gpu::ShuffleMode::XOR:
    from = arith::XOrIOp::create(builder, loc, lane, offset);
    break;
  case gpu::ShuffleMode::DOWN:
    from = arith::AddIOp::create(builder, loc, lane, offset);
    break;
  case gpu::ShuffleMode::UP:
    from = arith::SubIOp::create(builder, loc, lane, offset);
    break;
  case gpu::ShuffleMode::IDX:
    from = offset;
    break;
  }
  // Above the lanes lie negative numbers, too.
  Value isValid = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, from, last);
  from = arith::SelectOp::create(builder, loc, isValid, from, lane);
  Value bytes = arith::MulIOp::create(builder, loc, from, int64(getMemoryBytes(type)));
  Value address = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), lanes, ArrayRef<LLVM::GEPArg>{bytes});
  Value result = LLVM::LoadOp::create(builder, loc, type, address, unaligned);
  op.getShuffleResult().replaceAllUsesWith(result);
  op.getValid().replaceAllUsesWith(isValid);
  op.erase();
  return success();
}

void BodyRewriter::rewriteCopy(nvgpu::DeviceAsyncCopyOp op) {
  int64_t elementBytes = getMemoryBytes(op.getDst().getType().getElementType());
  Value bytes = int64(op.getDstElements().getZExtValue() * elementBytes), sourceBytes = bytes;
  if (Value elements = op.getSrcElements())
    sourceBytes = arith::MulIOp::create(builder, loc, toInt64(elements), int64(elementBytes));
  Value target = getAddress(builder, loc, op.getDst(), op.getDstIndices());
  Value source = getAddress(builder, loc, op.getSrc(), op.getSrcIndices());
  calls.call(builder, loc, "nnc_rt_emulate_copy",
             {thread, target, source, bytes, sourceBytes, calls.makeText(builder, loc, describePlace(op))});
  replace(op, int64(0));
}

LogicalResult BodyRewriter::rewriteProduct(nvgpu::MmaSyncOp op) {
  auto type = cast<VectorType>(op.getMatrixA().getType()), resultType = cast<VectorType>(op.getType());
  auto [rows, columns, depth] = op.getMmaShapeAsArray();
  bool isTf32 = type.getElementType().isF32(), isBf16 = type.getElementType().isBF16();
  if (rows != 16 || columns != 8 || !(isTf32 || isBf16) || !resultType.getElementType().isF32())
    return op.emitOpError()
           << "is no product of 16 rows and 8 columns of tf32 or bf16, summed in f32, which the emulator "
              "knows";
  auto flatten = [&](Value vector) -> Value {
    auto of = cast<VectorType>(vector.getType());
    auto flat = VectorType::get(of.getNumElements(), of.getElementType());
    return vector::ShapeCastOp::create(builder, loc, flat, vector);
  };
  Value fragments = getBuffer(), sums = makeOffset(fragments, offsetof(nnc_mma_fragments, c));
  LLVM::StoreOp::create(builder, loc, flatten(op.getMatrixA()), fragments, unaligned);
  LLVM::StoreOp::create(builder, loc, flatten(op.getMatrixB()), makeOffset(fragments, offsetof(nnc_mma_fragments, b)),
                        unaligned);
  LLVM::StoreOp::create(builder, loc, flatten(op.getMatrixC()), sums, unaligned);
  calls.call(builder, loc, "nnc_rt_emulate_mma",
             {thread, fragments, int64(isTf32 ? NNC_MMA_TF32 : NNC_MMA_BF16), int64(depth), makeWaitingPlace(op)});
  auto flat = VectorType::get(resultType.getNumElements(), resultType.getElementType());
  Value result = LLVM::LoadOp::create(builder, loc, flat, sums, unaligned);
  replace(op, vector::ShapeCastOp::create(builder, loc, resultType, result));
  return success();
}

/// As cvt.rna.tf32.f32: half of the last place that stays is added to the magnitude, and what lies behind is cut off;
/// what is no number becomes the one NaN that devices make.
LogicalResult BodyRewriter::rewriteConversion(NVVM::ConvertFloatToTF32Op op) {
  if (op.getRnd() != NVVM::FPRoundingMode::RNA || op.getSat() != NVVM::SaturationMode::NONE || op.getRelu())
    return op.emitOpError()
           << "does not round to nearest, ties away from zero, and do no more, which the emulator knows";
  auto constant = [&](int32_t bits) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(bits));
  };
  constexpr int32_t droppedBits = 13, nan = 0x7fffffff;
  Value bits = arith::BitcastOp::create(builder, loc, builder.getI32Type(), op.getSrc());
  Value rounded = arith::AddIOp::create(builder, loc, bits, constant(1 << (droppedBits - 1)));
  rounded = arith::AndIOp::create(builder, loc, rounded, constant(-(1 << droppedBits)));
  Value isNan = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, op.getSrc(), op.getSrc());
  replace(op, arith::SelectOp::create(builder, loc, isNan, constant(nan), rounded));
  return success();
}

/// The host has one memory, and no tokens.
void convertTypes(func::FuncOp function) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](MemRefType type) -> std::optional<Type> {
    return MemRefType::get(type.getShape(), type.getElementType(), type.getLayout());
  });
  replacer.addReplacement(
      [](nvgpu::DeviceAsyncTokenType type) -> std::optional<Type> { return IntegerType::get(type.getContext(), 64); });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/false, /*replaceLocs=*/false, /*replaceTypes=*/true);
}

/// Hosts have no instructions for bf16, and code generation would call a library for them.
void expandBf16(func::FuncOp function) {
  RewritePatternSet patterns(function.getContext());
  arith::populateExpandBFloat16Patterns(patterns);
  walkAndApplyPatterns(function, std::move(patterns));
}

} // namespace

LogicalResult nn::emulateBody(func::FuncOp function, const EmulatedThreadValues &values, EmulatorCalls &calls,
                              bool detectRaces) {
  WalkResult calling = function.walk([](CallOpInterface call) {
    call->emitOpError() << "is a call in a kernel, which the emulator does not know";
    return WalkResult::interrupt();
  });
  if (calling.wasInterrupted())
    return failure();
  // While types tell shared memory.
  if (detectRaces && failed(recordAccesses(function, values.thread, calls)))
    return failure();
  if (failed(BodyRewriter(function, values, calls).rewrite()))
    return failure();
  convertTypes(function);
  expandBf16(function);
  return success();
}
