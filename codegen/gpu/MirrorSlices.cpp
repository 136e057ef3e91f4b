// Finds slices that are written before they are read; see MirrorSlices.h.
#include "codegen/gpu/MirrorSlices.h"
#include "codegen/Buffers.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A part of a slice: the slice itself, or a box of it.
struct Part {
  SmallVector<int64_t> offsets, sizes;
};

/// What `memref` is of `slice`; nothing where it is not known to be a part of it.
std::optional<Part> getPart(Value memref, Value slice) {
  ArrayRef<int64_t> shape = cast<MemRefType>(slice.getType()).getShape();
  if (memref == slice)
    return Part{SmallVector<int64_t>(shape.size(), 0), SmallVector<int64_t>(shape)};
  auto view = memref.getDefiningOp<memref::SubViewOp>();
  if (!view || view.getSource() != slice || view.getType().getRank() != static_cast<int64_t>(shape.size()) ||
      !view.getOffsets().empty() || !view.getSizes().empty() || !view.getStrides().empty() ||
      !llvm::all_of(view.getStaticStrides(), [](int64_t stride) { return stride == 1; }))
    return std::nullopt;
  return Part{SmallVector<int64_t>(view.getStaticOffsets()), SmallVector<int64_t>(view.getStaticSizes())};
}

/// Whether `parts` together hold all of `wanted`: next to each other along the last dimension, whole along the others.
bool cover(ArrayRef<Part> parts, const Part &wanted) {
  size_t last = wanted.sizes.size() - 1;
  int64_t at = wanted.offsets[last], end = at + wanted.sizes[last];
  auto holdsOthers = [&](const Part &part) {
    for (size_t dim = 0; dim < last; ++dim)
      if (part.offsets[dim] > wanted.offsets[dim] ||
          part.offsets[dim] + part.sizes[dim] < wanted.offsets[dim] + wanted.sizes[dim])
        return false;
    return true;
  };
  for (bool moved = true; moved && at < end;) {
    moved = false;
    for (const Part &part : parts)
      if (holdsOthers(part) && part.offsets[last] <= at && at < part.offsets[last] + part.sizes[last]) {
        at = part.offsets[last] + part.sizes[last];
        moved = true;
      }
  }
  return at >= end;
}

class SliceMirror {
public:
  SliceMirror(Value slice, Block &body, Block &around) : slice(slice), body(body), around(around) {}

  void run() {
    findReads();
    if (reads.empty())
      return;
    auto type = cast<MemRefType>(slice.getType());
    OpBuilder builder = OpBuilder::atBlockBegin(&around);
    mirror = memref::AllocOp::create(builder, slice.getLoc(), MemRefType::get(type.getShape(), type.getElementType()),
                                     builder.getI64IntegerAttr(64));
    for (auto [operand, part] : reads) {
      OpBuilder before(operand->getOwner());
      operand->set(makeView(before, part));
    }
    for (linalg::GenericOp writer : writers)
      addOutputs(writer);
  }

private:
  /// Operands that read what the turn has written of the slice.
  void findReads() {
    SmallVector<Part> written;
    for (auto op : body.getOps<linalg::GenericOp>()) {
      for (OpOperand *input : op.getDpsInputOperands()) {
        std::optional<Part> part =
            isa<MemRefType>(input->get().getType()) ? getPart(input->get(), slice) : std::nullopt;
        if (part && cover(written, *part))
          reads.push_back({input, *part});
      }
      bool writesSlice = false;
      for (Value output : op.getDpsInits())
        if (std::optional<Part> part = getPart(output, slice)) {
          written.push_back(*part);
          writesSlice = true;
        }
      if (writesSlice)
        writers.push_back(op);
    }
  }

  Value makeView(OpBuilder &builder, const Part &part) {
    if (part.sizes == cast<MemRefType>(slice.getType()).getShape())
      return mirror;
    auto get = [&](ArrayRef<int64_t> numbers) { return getAsIndexOpFoldResult(builder.getContext(), numbers); };
    SmallVector<int64_t> ones(part.sizes.size(), 1);
    return memref::SubViewOp::create(builder, slice.getLoc(), mirror, get(part.offsets), get(part.sizes), get(ones));
  }

  /// Has an op write what it writes of the slice to the mirror too.
  void addOutputs(linalg::GenericOp op) {
    OpBuilder builder(op);
    SmallVector<Value> outputs(op.getDpsInits());
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<unsigned> copied;
    for (OpOperand &output : op.getDpsInitsMutable())
      if (std::optional<Part> part = getPart(output.get(), slice)) {
        copied.push_back(output.getOperandNumber() - op.getNumDpsInputs());
        outputs.push_back(makeView(builder, *part));
        maps.push_back(op.getMatchingIndexingMap(&output));
      }
    auto widened = linalg::GenericOp::create(builder, op.getLoc(), TypeRange(), op.getDpsInputs(), outputs, maps,
                                             op.getIteratorTypesArray());
    widened.getRegion().takeBody(op.getRegion());
    Block *block = widened.getBody();
    auto yield = cast<linalg::YieldOp>(block->getTerminator());
    SmallVector<Value> values(yield.getOperands());
    for (unsigned number : copied) {
      block->addArgument(values[number].getType(), op.getLoc());
      values.push_back(values[number]);
    }
    yield->setOperands(values);
    op.erase();
  }

  Value slice;
  Block &body, &around;
  Value mirror;
  SmallVector<std::pair<OpOperand *, Part>> reads;
  SmallVector<linalg::GenericOp> writers;
};

} // namespace

void nn::mirrorSlices(scf::ForOp loop, Block &block) {
  SmallVector<Value> slices;
  for (auto view : loop.getBody()->getOps<memref::SubViewOp>()) {
    // A slice that depends on the turn, of memory that is no block's own.
    bool isOuter = view.getSource().getParentBlock() != loop.getBody();
    Operation *root = getBufferRoot(view.getSource()).getDefiningOp();
    bool isOwn = root && block.findAncestorOpInBlock(*root);
    if (isOuter && !isOwn && view.getType().hasStaticShape() && view.getType().getRank() > 0)
      slices.push_back(view.getResult());
  }
  for (Value slice : slices)
    SliceMirror(slice, *loop.getBody(), block).run();
}
