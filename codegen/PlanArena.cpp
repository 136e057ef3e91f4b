// nn-plan-arena: gives every buffer its place in the one arena of the program, before the first step. Variables come
// first and lie where they lie in every program of the model; entries overlay each other behind them.
#include "codegen/Buffers.h"
#include "codegen/KernelNames.h"
#include "codegen/MemoryPlan.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Passes.h"
#include "codegen/SharedKernels.h"
#include "codegen/gpu/Launches.h"
#include "dialect/Layer.h"
#include "runtime/include/nnc/program.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::nn {
#define GEN_PASS_DEF_PLANARENA
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A buffer and the value that stands for it until it has a place.
struct PlannedBuffer : BufferPlan {
  PlannedBuffer(Value root, BufferKind kind, int64_t bytes)
      : BufferPlan(describeBuffer(kind, getTensorType(root), bytes, root.getLoc())), root(root) {
    Operation *source = root.getDefiningOp();
    auto stages = source ? source->getAttrOfType<ArrayAttr>(stagesAttributeName) : ArrayAttr();
    if (!stages || stages.size() != 2)
      return;
    auto read = [&](size_t i) {
      auto stage = dyn_cast<StringAttr>(stages[i]);
      return stage ? stage.str() : std::string();
    };
    firstStage = read(0);
    lastStage = read(1);
  }

  static RankedTensorType getTensorType(Value root) {
    auto type = cast<MemRefType>(root.getType());
    return RankedTensorType::get(type.getShape(), type.getElementType());
  }

  Value root;
};

/// The places of the variables.
struct StateLayout {
  llvm::StringMap<int64_t> offsets;
  SmallVector<NamedAttribute> attributes;
  int64_t bytes = 0;
};

FailureOr<StateLayout> layOutState(ModuleOp module) {
  StateLayout layout;
  Builder builder(module.getContext());
  for (StringRef role : {"parameter", "slot", "counter"}) {
    for (VariableOp variable : module.getOps<VariableOp>()) {
      if (variable.getRole() != role)
        continue;
      RankedTensorType type = variable.getTensorType();
      std::optional<int64_t> bytes = getBufferBytes(MemRefType::get(type.getShape(), type.getElementType()));
      if (!bytes)
        return variable.emitOpError() << "is a " << type << ", whose size in bytes is not known";
      layout.offsets[variable.getSymName()] = layout.bytes;
      layout.attributes.emplace_back(variable.getSymNameAttr(), builder.getI64IntegerAttr(layout.bytes));
      PlacedBuffer buffer;
      buffer.bytes = *bytes;
      std::optional<int64_t> end = getEndApart(buffer, layout.bytes);
      if (!end)
        return emitError(variable.getLoc()) << "'" << variable.getSymName() << "' is too large: with the variables "
                                            << "before it, it has more bytes than can be counted";
      layout.bytes = *end;
    }
  }
  return layout;
}

struct PlanArena : nn::impl::PlanArenaBase<PlanArena> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module->hasAttr("nn.program"))
      return; // planned already
    FailureOr<StateLayout> state = layOutState(module);
    if (failed(state))
      return signalPassFailure();
    arenaBytes = state->bytes;
    workerBytes = 0;
    kernelScratch.clear();
    for (func::FuncOp entry : module.getOps<func::FuncOp>())
      if (entry->hasAttr("nn.entry") && failed(planEntry(entry, *state)))
        return signalPassFailure();

    Builder builder(&getContext());
    module->setAttr("nn.program", builder.getDictionaryAttr({
                                      builder.getNamedAttr("arena_bytes", builder.getI64IntegerAttr(arenaBytes)),
                                      builder.getNamedAttr("state_bytes", builder.getI64IntegerAttr(state->bytes)),
                                      builder.getNamedAttr("worker_bytes", builder.getI64IntegerAttr(workerBytes)),
                                      builder.getNamedAttr("variables", builder.getDictionaryAttr(state->attributes)),
                                  }));
  }

  LogicalResult planEntry(func::FuncOp entry, const StateLayout &state) {
    EntryPlan plan;
    int64_t loop = 0;
    WalkResult bodies = entry.walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto forall = dyn_cast<scf::ForallOp>(op);
      func::FuncOp kernel = forall ? func::FuncOp() : getCalledKernel(op);
      if (forall && failed(planParallelBody(forall, loop, plan)))
        return WalkResult::interrupt();
      if (kernel && failed(planCall(op->getLoc(), kernel, loop, plan)))
        return WalkResult::interrupt();
      return forall ? WalkResult::skip() : WalkResult::advance();
    });
    if (bodies.wasInterrupted())
      return failure();

    Block *block = &entry.getBody().front();
    FailureOr<SmallVector<PlannedBuffer>> buffers = collectBuffers(block);
    if (failed(buffers))
      return failure();
    for (BlockArgument argument : entry.getArguments())
      if (failed(addArgument(entry, argument, *buffers)))
        return failure();

    plan.numOps = std::distance(block->begin(), block->end());
    for (auto [time, op] : llvm::enumerate(*block))
      if (isLaunch(&op))
        op.setAttr(timeAttributeName, Builder(&getContext()).getI64IntegerAttr(time));
    if (failed(place(*buffers, state.bytes, arenaBytes, entry)))
      return failure();
    llvm::append_range(plan.buffers, *buffers);
    makeViews(entry, *buffers, state);
    setEntryPlan(entry, plan);
    return success();
  }

  /// An entry point, or a parallel loop by its layer.
  static std::string describe(Operation *owner) {
    if (auto entry = dyn_cast<func::FuncOp>(owner))
      return "entry point '" + entry.getName().str() + "'";
    std::string layer = getLayerName(owner->getLoc());
    return layer.empty() ? "this parallel loop" : "a parallel loop of layer '" + layer + "'";
  }

  /// Gives the buffers of `owner` their offsets, and makes the area that they lie in large enough.
  LogicalResult place(MutableArrayRef<PlannedBuffer> buffers, int64_t start, int64_t &areaBytes, Operation *owner) {
    SmallVector<PlacedBuffer> places(buffers.begin(), buffers.end());
    if (!overlay)
      for (PlacedBuffer &place : places)
        place.first = place.last = 0;
    if (!getEndApart(places, start))
      return emitError(owner->getLoc()) << describe(owner)
                                        << " is too large: its buffers have more bytes together than can be counted";
    areaBytes = std::max(areaBytes, placeBuffers(places, start));
    if (areaBytes > NNC_MAX_BYTES)
      return emitError(owner->getLoc()) << describe(owner) << " is too large: it needs " << areaBytes
                                        << " bytes of memory; a program takes at most " << NNC_MAX_BYTES;
    for (auto [buffer, place] : llvm::zip_equal(buffers, places))
      buffer.offset = place.offset;
    // A mistake here would not be seen but in wrong numbers.
    if (auto overlap = findOverlap(places)) {
      InFlightDiagnostic error = emitError(buffers[overlap->first].root.getLoc())
                                 << "this " << buffers[overlap->first].type << " is placed at byte "
                                 << buffers[overlap->first].offset << ", where it overlaps another buffer";
      error.attachNote(buffers[overlap->second].root.getLoc())
          << "this " << buffers[overlap->second].type << " at byte " << buffers[overlap->second].offset
          << ", alive at the same time";
      return error;
    }
    return success();
  }

  /// Inputs are there from the start, outputs stay to the end.
  LogicalResult addArgument(func::FuncOp entry, BlockArgument argument, SmallVector<PlannedBuffer> &buffers) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    std::optional<int64_t> bytes = type ? getBufferBytes(type) : std::nullopt;
    if (!bytes)
      return entry.emitOpError() << "takes a " << argument.getType() << ", not a buffer of known size";
    unsigned index = argument.getArgNumber();
    if (entry.getArgAttr(index, "nn.variable"))
      return success();
    auto input = entry.getArgAttrOfType<StringAttr>(index, "nn.input");
    auto output = entry.getArgAttrOfType<StringAttr>(index, "nn.output");
    bool isInput = bool(input);
    if (!input && !output)
      return entry.emitOpError() << "argument " << index << " is none of input, output and variable";
    PlannedBuffer buffer(argument, isInput ? BufferKind::input : BufferKind::output, *bytes);
    buffer.name = (isInput ? input : output).str();
    auto [first, last] = getLifetime(argument, argument.getOwner());
    int64_t end = std::distance(argument.getOwner()->begin(), argument.getOwner()->end()) - 1;
    buffer.first = isInput || first < 0 ? 0 : first;
    buffer.last = isInput ? std::max<int64_t>(last, 0) : end;
    buffers.push_back(buffer);
    return success();
  }

  /// All allocations below `block`, each with its size and lifetime; those in a parallel body belong to that body.
  FailureOr<SmallVector<PlannedBuffer>> collectBuffers(Block *block) {
    numberOps(block);
    SmallVector<PlannedBuffer> buffers;
    bool isSerial = !isa<scf::ForallOp>(block->getParentOp());
    WalkResult result = block->getParentOp()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isSerial && isa<scf::ForallOp>(op))
        return WalkResult::skip();
      if (!isBufferAllocation(op))
        return WalkResult::advance();
      Value root = op->getResult(0);
      std::optional<int64_t> bytes = getBufferBytes(cast<MemRefType>(root.getType()));
      if (!bytes) {
        op->emitOpError() << "makes a buffer whose size is not known at compile time";
        return WalkResult::interrupt();
      }
      PlannedBuffer buffer(root, isSerial ? BufferKind::temporary : BufferKind::scratch, *bytes);
      std::tie(buffer.first, buffer.last) = getLifetime(root, block);
      buffers.push_back(buffer);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    return buffers;
  }

  /// Numbers the ops of `block` and finds, for each buffer, the first and last of them that touch it. An op with
  /// regions is one point in time: what it touches is in use throughout.
  void numberOps(Block *block) {
    lifetimes.clear();
    int64_t time = 0;
    for (Operation &top : *block) {
      top.walk([&](Operation *op) {
        if (isBufferView(op))
          return;
        for (Value operand : op->getOperands()) {
          if (!isa<BaseMemRefType>(operand.getType()))
            continue;
          auto [it, isNew] = lifetimes.try_emplace(getBufferRoot(operand), time, time);
          it->second.second = time;
        }
      });
      ++time;
    }
  }

  /// First and last use; -1 where there is none.
  std::pair<int64_t, int64_t> getLifetime(Value root, Block *block) {
    auto it = lifetimes.find(root);
    return it == lifetimes.end() ? std::pair<int64_t, int64_t>(-1, -1) : it->second;
  }

  /// Scratch of a parallel body, the entry's loop number `loop`.
  LogicalResult planParallelBody(scf::ForallOp forall, int64_t &loop, EntryPlan &plan) {
    FailureOr<SmallVector<PlannedBuffer>> buffers = placeScratch(forall);
    if (failed(buffers))
      return failure();
    for (PlannedBuffer &buffer : *buffers) {
      buffer.loop = loop;
      plan.buffers.push_back(buffer);
    }
    ++loop;
    return success();
  }

  /// Scratch of the parallel bodies of a kernel where `loc` says that it is called.
  LogicalResult planCall(Location loc, func::FuncOp kernel, int64_t &loop, EntryPlan &plan) {
    auto [scratch, isNew] = kernelScratch.try_emplace(kernel);
    if (isNew) {
      if (failed(verifyKernel(kernel)))
        return failure();
      for (scf::ForallOp forall : getParallelLoops(kernel)) {
        FailureOr<SmallVector<PlannedBuffer>> buffers = placeScratch(forall);
        if (failed(buffers))
          return failure();
        scratch->second.push_back(std::move(*buffers));
      }
    }
    for (const SmallVector<PlannedBuffer> &buffers : scratch->second) {
      for (const PlannedBuffer &buffer : buffers) {
        BufferPlan ofCall = describeBuffer(buffer.kind, buffer.type, buffer.bytes, loc);
        static_cast<PlacedBuffer &>(ofCall) = buffer;
        ofCall.loop = loop;
        plan.buffers.push_back(std::move(ofCall));
      }
      ++loop;
    }
    return success();
  }

  /// Offsets of a parallel body's buffers from the start of its worker's area, kept at the allocations until
  /// nn-outline-parallel makes the body a function that knows its worker. Loops inside it run on the same worker and
  /// share its scratch.
  FailureOr<SmallVector<PlannedBuffer>> placeScratch(scf::ForallOp forall) {
    FailureOr<SmallVector<PlannedBuffer>> buffers = collectBuffers(forall.getBody());
    if (failed(buffers) || failed(place(*buffers, 0, workerBytes, forall)))
      return failure();
    Builder builder(&getContext());
    for (PlannedBuffer &buffer : *buffers) {
      Operation *allocation = buffer.root.getDefiningOp();
      allocation->setAttr("nn.worker_offset", builder.getI64IntegerAttr(buffer.offset));
      allocation->moveBefore(getAncestorIn(forall.getBody(), allocation));
    }
    return buffers;
  }

  /// Replaces every buffer of `entry` by a view of the arena, its only argument from now on.
  void makeViews(func::FuncOp entry, ArrayRef<PlannedBuffer> buffers, const StateLayout &state) {
    Block *block = &entry.getBody().front();
    Builder attributes(&getContext());
    auto arenaType = MemRefType::get({ShapedType::kDynamic}, attributes.getI8Type());
    unsigned argumentCount = block->getNumArguments();
    Value arena = block->addArgument(arenaType, entry.getLoc());

    auto makeView = [&](OpBuilder &builder, Value root, int64_t offset) {
      Value start = arith::ConstantIndexOp::create(builder, root.getLoc(), offset);
      auto view =
          memref::ViewOp::create(builder, root.getLoc(), cast<MemRefType>(root.getType()), arena, start, ValueRange{});
      root.replaceAllUsesWith(view);
    };

    SmallVector<Attribute> inputs, outputs;
    llvm::DenseMap<Value, int64_t> offsets;
    for (const PlannedBuffer &buffer : buffers)
      offsets[buffer.root] = buffer.offset;
    OpBuilder builder = OpBuilder::atBlockBegin(block);
    for (unsigned index = 0; index < argumentCount; ++index) {
      BlockArgument argument = block->getArgument(index);
      if (auto variable = entry.getArgAttrOfType<FlatSymbolRefAttr>(index, "nn.variable")) {
        auto offset = state.offsets.find(variable.getValue());
        makeView(builder, argument, offset->second);
        continue;
      }
      auto &list = entry.getArgAttr(index, "nn.input") ? inputs : outputs;
      list.push_back(describeArgument(entry, argument, offsets[argument]));
      makeView(builder, argument, offsets[argument]);
    }
    for (const PlannedBuffer &buffer : buffers) {
      Operation *allocation = buffer.root.getDefiningOp();
      if (!allocation)
        continue;
      builder.setInsertionPoint(getAncestorIn(block, allocation));
      makeView(builder, buffer.root, buffer.offset);
      allocation->erase();
    }

    block->eraseArguments(0, argumentCount);
    entry.removeArgAttrsAttr();
    entry.setFunctionType(FunctionType::get(&getContext(), {arenaType}, {}));
    entry->setAttr("nn.inputs", builder.getArrayAttr(inputs));
    entry->setAttr("nn.outputs", builder.getArrayAttr(outputs));
  }

  /// What the descriptor will say of an input or output: its attributes without their prefix, its type and its place.
  DictionaryAttr describeArgument(func::FuncOp entry, BlockArgument argument, int64_t offset) {
    Builder builder(&getContext());
    auto type = cast<MemRefType>(argument.getType());
    NamedAttrList description;
    for (NamedAttribute attribute : function_interface_impl::getArgAttrs(entry, argument.getArgNumber())) {
      StringRef name = attribute.getName();
      if (!name.consume_front("nn."))
        continue;
      if (!name.consume_front("input_"))
        name.consume_front("output_");
      if (name == "input" || name == "output")
        name = "name";
      description.set(name, attribute.getValue());
    }
    description.set("type", TypeAttr::get(RankedTensorType::get(type.getShape(), type.getElementType())));
    description.set("offset", builder.getI64IntegerAttr(offset));
    return description.getDictionary(&getContext());
  }

  llvm::DenseMap<Value, std::pair<int64_t, int64_t>> lifetimes;
  /// Of each kernel's parallel loops, in their order.
  llvm::DenseMap<Operation *, std::vector<SmallVector<PlannedBuffer>>> kernelScratch;
  int64_t arenaBytes = 0, workerBytes = 0;
};
} // namespace
