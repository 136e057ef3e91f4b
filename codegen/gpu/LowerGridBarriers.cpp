// --nn-lower-grid-barriers: barriers of the whole grid as atomics on a counter in the device's memory.
#include "codegen/Passes.h"
#include "codegen/cpu/Loops.h"
#include "codegen/gpu/Launches.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERGRIDBARRIERS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

static constexpr StringLiteral counterName = "nnc_grid_barrier";
static constexpr unsigned globalMemory = 1;

namespace {
/// One thread of each block adds to the counter and waits until its highest bit is another: block 0 adds so much that
/// it changes when all blocks have added. What they have added is then a multiple of that bit, so that the counter
/// serves the next barrier, and the next launch, of whatever size.
class BarrierLowering {
public:
  BarrierLowering(gpu::BarrierOp barrier, StringRef counter)
      : barrier(barrier), counter(counter), builder(barrier), loc(barrier.getLoc()) {}

  void run() {
    gpu::BarrierOp::create(builder, loc);
    Value thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
    buildIf(builder, loc, isZero(thread), [&] { addAndWait(); });
    gpu::BarrierOp::create(builder, loc);
    barrier.erase();
  }

private:
  Value isZero(Value index) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, index,
                                 arith::ConstantIndexOp::create(builder, loc, 0));
  }
  Value number(uint32_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(static_cast<int32_t>(value)));
  }

  Value load(Value address, LLVM::AtomicOrdering ordering) {
    constexpr unsigned alignment = 4;
    return LLVM::LoadOp::create(builder, loc, builder.getI32Type(), address, alignment, /*isVolatile=*/false,
                                /*isNonTemporal=*/false, /*isInvariant=*/false, /*isInvariantGroup=*/false, ordering,
                                "device");
  }

  void addAndWait() {
    constexpr uint32_t flag = uint32_t(1) << 31;
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext(), globalMemory);
    Value address = LLVM::AddressOfOp::create(builder, loc, pointer, counter);
    Value blocks = arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                              gpu::GridDimOp::create(builder, loc, gpu::Dimension::x));
    Value ofFirst = arith::SubIOp::create(builder, loc, number(flag + 1), blocks);
    Value isFirst = isZero(gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x));
    Value share = arith::SelectOp::create(builder, loc, isFirst, ofFirst, number(1));
    // The bit does not change before this block has added: not to ask for the sum before saves a way to memory.
    Value before = load(address, LLVM::AtomicOrdering::monotonic);
    // What this block has written is seen by those that see the sum. LLVM has no form of the addition itself with that
    // ordering for PTX, and would drop it.
    LLVM::FenceOp::create(builder, loc, LLVM::AtomicOrdering::acq_rel, "device");
    LLVM::AtomicRMWOp::create(builder, loc, LLVM::AtomicBinOp::add, address, share, LLVM::AtomicOrdering::monotonic,
                              "device");
    auto loop = scf::WhileOp::create(builder, loc, TypeRange(), ValueRange());
    builder.createBlock(&loop.getBefore());
    Value now = load(address, LLVM::AtomicOrdering::acquire);
    Value changed = arith::AndIOp::create(builder, loc, arith::XOrIOp::create(builder, loc, now, before), number(flag));
    Value isWaiting = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, changed, number(0));
    scf::ConditionOp::create(builder, loc, isWaiting, ValueRange());
    builder.createBlock(&loop.getAfter());
    scf::YieldOp::create(builder, loc);
  }

  gpu::BarrierOp barrier;
  StringRef counter;
  OpBuilder builder;
  Location loc;
};

struct LowerGridBarriers : nn::impl::LowerGridBarriersBase<LowerGridBarriers> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<gpu::BarrierOp> barriers;
    getOperation().walk([&](gpu::BarrierOp barrier) {
      if (barrier->hasAttr(gridBarrierName))
        barriers.push_back(barrier);
    });
    if (barriers.empty())
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    LLVM::GlobalOp::create(builder, getOperation().getLoc(), builder.getI32Type(), /*isConstant=*/false,
                           LLVM::Linkage::Internal, counterName, builder.getI32IntegerAttr(0), /*alignment=*/0,
                           globalMemory);
    for (gpu::BarrierOp barrier : barriers)
      BarrierLowering(barrier, counterName).run();
  }
};
} // namespace
