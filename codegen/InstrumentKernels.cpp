// nn-instrument-kernels: marks where each kernel of an entry point starts, for a profile, and lists the kernels with
// what they compute and move. It stands after planning, when buffers have their places, and before parallel loops
// become functions, while all of a kernel is there to be counted. No op but the marks changes: results keep their bits.
#include "codegen/Arena.h"
#include "codegen/KernelCost.h"
#include "codegen/Kernels.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Passes.h"
#include "codegen/SharedKernels.h"
#include "codegen/gpu/Launches.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::nn {
#define GEN_PASS_DEF_INSTRUMENTKERNELS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr StringLiteral profileName = "nnc_rt_profile";

struct InstrumentKernels : nn::impl::InstrumentKernelsBase<InstrumentKernels> {
  using Base::Base;

  void runOnOperation() override {
    shared.clear();
    for (func::FuncOp entry : getOperation().getOps<func::FuncOp>())
      if (entry->hasAttr("nn.entry") && !entry->hasAttr("nn.kernels") && failed(instrument(entry)))
        return signalPassFailure();
  }

  LogicalResult instrument(func::FuncOp entry) {
    if (entry.getArgumentTypes() != ArrayRef<Type>(getArenaType(&getContext())))
      return entry.emitOpError() << "has no arena; --nn-plan-arena makes one";
    SmallVector<Kernel> kernels = findKernels(entry);
    if (kernels.empty())
      return success();
    // What comes before the first kernel belongs to it.
    Block &body = entry.getBody().front();
    kernels.front().begin = body.begin();
    SmallVector<Attribute> descriptions;
    for (const Kernel &kernel : kernels) {
      FailureOr<DictionaryAttr> description = kernel.launch ? describeLaunch(kernel) : describe(kernel);
      if (failed(description))
        return failure();
      descriptions.push_back(*description);
    }
    func::FuncOp mark = declareMark();
    for (auto [index, kernel] : llvm::enumerate(kernels))
      addMark(mark, *kernel.begin, index);
    addMark(mark, *body.getTerminator(), -1);
    entry->setAttr("nn.kernels", ArrayAttr::get(&getContext(), descriptions));
    return success();
  }

  struct Figures {
    int64_t tasks = 1;
    KernelCost cost;
  };

  FailureOr<Figures> count(const Kernel &kernel) {
    if (!kernel.call)
      return count(kernel.loop ? SmallVector{kernel.loop} : SmallVector<scf::ForallOp>(), {kernel.begin, kernel.end});
    func::FuncOp called = getCalledKernel(kernel.call);
    auto [known, isNew] = shared.try_emplace(called, failure());
    if (isNew) {
      Block &body = called.getBody().front();
      known->second = count(getParallelLoops(called), {body.begin(), body.end()});
    }
    FailureOr<Figures> figures = known->second;
    if (succeeded(figures))
      renameShares(figures->cost.shares, called.getLoc(), func::CallOp(kernel.call).getLoc());
    return figures;
  }

  /// The ops of a shared kernel say whom it works for in its first call. It and its calls list that in the same order,
  /// but for kernels of other makers, all of which counts for whom a call names first.
  static void renameShares(MutableArrayRef<KernelShare> shares, Location ofKernel, Location ofCall) {
    SmallVector<LayerStage> from = getLayerStages(ofKernel), to = getLayerStages(ofCall);
    for (KernelShare &share : shares) {
      size_t index = llvm::find(from, share.of) - from.begin();
      if (!to.empty())
        share.of = index < to.size() ? to[index] : to.front();
    }
  }

  /// The tasks of the largest of the loops, and the cost of all `ops`.
  FailureOr<Figures> count(ArrayRef<scf::ForallOp> loops, llvm::iterator_range<Block::iterator> ops) {
    Figures figures;
    for (scf::ForallOp loop : loops) {
      FailureOr<SmallVector<LoopDimension>> dimensions = getDimensions(loop);
      if (failed(dimensions))
        return failure();
      figures.tasks = std::max(figures.tasks, countTasks(*dimensions));
    }
    figures.cost = countCost(ops);
    return figures;
  }

  FailureOr<DictionaryAttr> describe(const Kernel &kernel) {
    FailureOr<Figures> figures = count(kernel);
    if (failed(figures))
      return failure();
    const KernelCost &cost = figures->cost;
    NamedAttrList description = describe(kernel.origin, kernel.name, figures->tasks, cost);
    bool isOfOne = llvm::all_of(cost.shares, [&](const KernelShare &share) {
      return share.of.layer == kernel.origin.layer && share.of.stage == kernel.origin.stage;
    });
    if (!isOfOne)
      description.set("parts", makeArray(&getContext(), cost.describeShares(&getContext())));
    return description.getDictionary(&getContext());
  }

  /// What its steps do has been counted before they became code of threads.
  FailureOr<DictionaryAttr> describeLaunch(const Kernel &kernel) {
    FailureOr<LaunchSize> size = getLaunchSize(kernel.launch);
    auto parts = kernel.launch->getAttrOfType<ArrayAttr>(partsAttributeName);
    if (failed(size))
      return failure();
    if (!parts)
      return kernel.launch->emitOpError()
             << "does not say what it computes and moves: it has no " << partsAttributeName;
    KernelCost cost;
    int64_t tensorFlops = 0;
    for (auto part : parts.getAsRange<DictionaryAttr>())
      for (auto [key, sum] :
           {std::pair(StringRef("flops"), &cost.flops), {"bytes", &cost.bytes}, {"tensor_flops", &tensorFlops}})
        if (auto number = part.getAs<IntegerAttr>(key))
          *sum = llvm::SaturatingAdd<uint64_t>(*sum, number.getInt()) > INT64_MAX ? INT64_MAX : *sum + number.getInt();
    Builder builder(&getContext());
    NamedAttrList description = describe(kernel.origin, kernel.name, size->blocks, cost);
    description.set("threads", builder.getI64IntegerAttr(size->threads));
    description.set("shared_bytes", builder.getI64IntegerAttr(size->sharedBytes));
    if (tensorFlops > 0)
      description.set("tensor_flops", builder.getI64IntegerAttr(tensorFlops));
    description.set("parts", parts);
    return description.getDictionary(&getContext());
  }

  NamedAttrList describe(const KernelOrigin &origin, StringRef name, int64_t tasks, const KernelCost &cost) {
    Builder builder(&getContext());
    NamedAttrList description = describeLayer(&getContext(), origin.layer, origin.stage);
    description.set("name", builder.getStringAttr(name));
    if (!origin.location.empty())
      description.set("location", builder.getStringAttr(origin.location));
    description.set("tasks", builder.getI64IntegerAttr(tasks));
    description.set("flops", builder.getI64IntegerAttr(cost.flops));
    description.set("bytes", builder.getI64IntegerAttr(cost.bytes));
    return description;
  }

  func::FuncOp declareMark() {
    if (auto declared = getOperation().lookupSymbol<func::FuncOp>(profileName))
      return declared;
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto mark = func::FuncOp::create(builder, getOperation().getLoc(), profileName,
                                     builder.getFunctionType({builder.getI64Type()}, {}));
    mark.setPrivate();
    return mark;
  }

  void addMark(func::FuncOp mark, Operation &before, int64_t kernel) {
    OpBuilder builder(&before);
    Value number = arith::ConstantOp::create(builder, before.getLoc(), builder.getI64IntegerAttr(kernel));
    func::CallOp::create(builder, before.getLoc(), mark, ValueRange{number});
  }

  /// Of the shared kernels.
  llvm::DenseMap<Operation *, FailureOr<Figures>> shared;
};
} // namespace
