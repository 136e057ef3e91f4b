// Reads launches; see Launches.h.
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/ProductRecord.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::nn;

static std::optional<int64_t> getNumber(Value value) {
  APInt number;
  return value && matchPattern(value, m_ConstantInt(&number)) ? std::optional(number.getSExtValue()) : std::nullopt;
}

template <typename Launch> static std::optional<LaunchSize> readSize(Launch launch) {
  std::optional<int64_t> blocks = getNumber(launch.getGridSizeX()), threads = getNumber(launch.getBlockSizeX()),
                         shared = getNumber(launch.getDynamicSharedMemorySize());
  if (!blocks || !threads || !shared)
    return std::nullopt;
  return LaunchSize{*blocks, *threads, *shared};
}

static LogicalResult refuse(Operation *launch) {
  return launch->emitOpError() << "takes what is not known before it runs";
}

FailureOr<LaunchSize> nn::getLaunchSize(Operation *op) {
  auto launch = dyn_cast<gpu::LaunchOp>(op);
  std::optional<LaunchSize> size = launch ? readSize(launch) : readSize(cast<gpu::LaunchFuncOp>(op));
  if (!size)
    return refuse(op);
  return *size;
}

FailureOr<ArrayAttr> nn::listLaunches(func::FuncOp entry) {
  Builder builder(entry.getContext());
  SmallVector<Attribute> launches;
  for (auto launch : entry.getOps<gpu::LaunchFuncOp>()) {
    FailureOr<LaunchSize> size = getLaunchSize(launch);
    if (failed(size))
      return failure();
    // The first is the arena.
    SmallVector<int64_t> arguments;
    for (Value operand : launch.getKernelOperands().drop_front()) {
      std::optional<int64_t> number = getNumber(operand);
      if (!number)
        return refuse(launch);
      arguments.push_back(*number);
    }
    NamedAttrList description(ArrayRef<NamedAttribute>{
        builder.getNamedAttr("kernel", builder.getStringAttr(launch.getKernelName().getValue())),
        builder.getNamedAttr("blocks", builder.getI64IntegerAttr(size->blocks)),
        builder.getNamedAttr("threads", builder.getI64IntegerAttr(size->threads)),
        builder.getNamedAttr("shared_bytes", builder.getI64IntegerAttr(size->sharedBytes)),
        builder.getNamedAttr("cooperative", builder.getBoolAttr(launch->hasAttr(cooperativeAttributeName))),
        builder.getNamedAttr("arguments", builder.getDenseI64ArrayAttr(arguments)),
    });
    if (Attribute time = launch->getAttr(timeAttributeName))
      description.set("time", time);
    if (Attribute product = launch->getAttr(productAttributeName))
      description.set("product", product);
    launches.push_back(description.getDictionary(entry.getContext()));
  }
  return builder.getArrayAttr(launches);
}

bool nn::waitsForGrid(Operation *kernel) {
  return kernel
      ->walk([](gpu::BarrierOp barrier) {
        return barrier->hasAttr(gridBarrierName) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}
