// Products as cuBLASLt takes them; see LibraryProduct.h.
#include "codegen/gpu/LibraryProduct.h"
#include "codegen/Placement.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/VectorBody.h"
#include "dialect/NN.h"
#include "dialect/Names.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "runtime/include/nnc/program.h"

using namespace mlir;
using namespace mlir::nn;

/// What NVIDIA recommends for compute capability 9.0 (cuBLAS documentation, cublasSetWorkspace); 8.0 needs less.
static constexpr int64_t libraryBytes = 32 << 20;
/// With what it takes to begin where the library asks for, from wherever a buffer may lie.
static constexpr int64_t workspaceBytes = libraryBytes + NNC_WORKSPACE_ALIGNMENT - bufferAlignment;
/// Products of fewer terms are no matter of arithmetic.
static constexpr int64_t minTerms = 8;

/// FLOP/s that large f32 products reach on an H200, own ones and cuBLAS's, and its memory's bytes a second, all of them
/// measured (docs/gpu.md); what one more launch in a graph takes, in seconds.
static constexpr double ownRate = 37e12, libraryRate = 51e12, memoryRate = 4.2e12, launchSeconds = 2e-6;
/// FLOPs below which a product is not large, and nothing is known of these rates.
static constexpr double largeFlops = 1e9;

std::optional<LibraryUse> nn::parseLibraryUse(StringRef name) { return findChoice<LibraryUse>(libraryUseNames, name); }

namespace {

/// Loops in the order in which a matrix that they run over has them.
using Loops = SmallVector<unsigned>;

/// `loops` of more than one turn, those with the largest stride in `operand` first; nothing where one is not known.
std::optional<Loops> sortByStride(OpOperand *operand, ArrayRef<unsigned> loops, ArrayRef<int64_t> extents) {
  SmallVector<std::pair<int64_t, unsigned>> strides;
  for (unsigned loop : loops) {
    std::optional<int64_t> stride = getStrideAlong(operand, loop);
    if (!stride)
      return std::nullopt;
    if (extents[loop] > 1)
      strides.push_back({-*stride, loop});
  }
  llvm::sort(strides);
  return llvm::map_to_vector(strides, [](auto pair) { return pair.second; });
}

/// The stride of what `loops` are together, one after the other in this order; zero where there is no loop.
std::optional<int64_t> getStride(OpOperand *operand, ArrayRef<unsigned> loops, ArrayRef<int64_t> extents) {
  std::optional<int64_t> inner = 0;
  int64_t next = -1;
  for (unsigned loop : llvm::reverse(loops)) {
    std::optional<int64_t> stride = getStrideAlong(operand, loop);
    if (!stride || (next >= 0 && *stride != next))
      return std::nullopt;
    if (next < 0)
      inner = stride;
    next = *stride * extents[loop];
  }
  return inner;
}

/// The value that a block argument of `op` stands for where it is no element of a memref; else `value`.
Value resolve(linalg::GenericOp op, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != op.getBody())
    return value;
  OpOperand *operand = op.getMatchingOpOperand(argument);
  return isa<MemRefType>(operand->get().getType()) ? value : operand->get();
}

bool isZero(linalg::GenericOp op, Value value) { return matchPattern(resolve(op, value), m_PosZeroFloat()); }

class Matcher {
public:
  explicit Matcher(const ContractionGroup &group) : product{{group.contraction, {}, {}}}, whole(group) {}

  std::optional<LibraryProduct> run() {
    const Contraction &contraction = whole.contraction;
    if (contraction.getNumTerms() < minTerms || !findMatrices())
      return std::nullopt;
    product.result = contraction.c->get();
    takePrologue();
    for (linalg::GenericOp epilogue : whole.epilogues)
      if (!takeEpilogue(epilogue))
        break;
    if (!hasKnownPlace(contraction.a->get()) || !hasKnownPlace(contraction.b->get()) ||
        !hasKnownPlace(product.result) || (product.bias && !hasKnownPlace(product.bias->get())))
      return std::nullopt;
    return product;
  }

private:
  static bool hasKnownPlace(Value memref) {
    Value root = getKnownRoot(memref);
    SmallVector<int64_t> strides;
    int64_t offset;
    return root && !root.getDefiningOp<memref::GetGlobalOp>() &&
           succeeded(cast<MemRefType>(memref.getType()).getStridesAndOffset(strides, offset)) &&
           !ShapedType::isDynamic(offset);
  }

  bool findMatrices() {
    const Contraction &c = whole.contraction;
    ArrayRef<int64_t> extents = c.extents;
    std::optional<Loops> batch = sortByStride(c.c, c.batch, extents), rows = sortByStride(c.c, c.rows, extents),
                         columns = sortByStride(c.c, c.columns, extents), sums = sortByStride(c.a, c.sums, extents);
    if (!batch || !rows || !columns || !sums)
      return false;
    columnLoops = *columns;
    auto find = [&](OpOperand *operand, const Loops &down, const Loops &along, LibraryProduct::Strides &strides) {
      std::optional<int64_t> ofBatch = getStride(operand, *batch, extents), ofRows = getStride(operand, down, extents),
                             ofColumns = getStride(operand, along, extents);
      if (!ofBatch || !ofRows || !ofColumns)
        return false;
      strides = {*ofBatch, *ofRows, *ofColumns};
      int64_t height = c.getNumPoints(down), width = c.getNumPoints(along);
      // A row, or a column, as a whole before the next one.
      return (strides.columns == 1 && strides.rows >= width) ||
             (operand != c.c && strides.rows == 1 && strides.columns >= height);
    };
    return find(c.a, *rows, *sums, product.a) && find(c.b, *sums, *columns, product.b) &&
           find(c.c, *rows, *columns, product.d);
  }

  /// Whether `operand`, of an elementwise operation on the result's dimensions, has an element a column.
  bool isOfColumns(OpOperand *operand) {
    const Contraction &c = whole.contraction;
    if (!isa<MemRefType>(operand->get().getType()))
      return false;
    AffineMap map = linalg::GenericOp(c.op).getMatchingIndexingMap(c.c);
    SmallVector<int64_t> extents;
    Loops columns(columnLoops);
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      extents.push_back(c.getExtent(loop));
      if (auto *column = llvm::find(columnLoops, loop); column != columnLoops.end())
        columns[column - columnLoops.begin()] = dim;
      else if (c.getExtent(loop) > 1 && getStrideAlong(operand, dim) != 0)
        return false;
    }
    return getStride(operand, columns, extents) == 1;
  }

  void takePrologue() {
    linalg::GenericOp fill = whole.prologue;
    if (!fill || fill.getBody()->getOperations().size() != 1)
      return;
    Value value = fill.getBody()->getTerminator()->getOperand(0);
    if (isZero(fill, value)) {
      product.group.prologue = fill;
    } else if (auto argument = dyn_cast<BlockArgument>(value)) {
      OpOperand *operand = fill.getMatchingOpOperand(argument);
      if (!fill.isDpsInput(operand) || !isOfColumns(operand))
        return;
      product.group.prologue = fill;
      product.bias = operand;
    }
  }

  /// Whether what is there so far may go to another buffer: nobody else reads it.
  bool canMoveTo(Value output, linalg::GenericOp epilogue) {
    if (isSameView(output, product.result))
      return true;
    SmallVector<Operation *> users = product.group.getOps();
    users.push_back(epilogue);
    SmallVector<int64_t> strides, others;
    int64_t offset;
    return !product.accumulates() && isOnlyUsedBy(product.result, users) &&
           succeeded(cast<MemRefType>(product.result.getType()).getStridesAndOffset(strides, offset)) &&
           succeeded(cast<MemRefType>(output.getType()).getStridesAndOffset(others, offset)) && strides == others;
  }

  bool takeEpilogue(linalg::GenericOp epilogue) {
    if (epilogue.getNumDpsInits() != 1 || product.hasRelu || !canMoveTo(epilogue.getDpsInits()[0], epilogue))
      return false;
    size_t numOps = 1;
    Value value = epilogue.getBody()->getTerminator()->getOperand(0);
    bool hasRelu = false;
    if (auto maximum = value.getDefiningOp<arith::MaximumFOp>()) {
      if (isZero(epilogue, maximum.getLhs()) == isZero(epilogue, maximum.getRhs()))
        return false;
      value = isZero(epilogue, maximum.getLhs()) ? maximum.getRhs() : maximum.getLhs();
      hasRelu = true;
      ++numOps;
    }
    OpOperand *bias = nullptr;
    if (auto sum = value.getDefiningOp<arith::AddFOp>()) {
      bool isTileFirst = isTile(epilogue, sum.getLhs());
      auto argument = dyn_cast<BlockArgument>(isTileFirst ? sum.getRhs() : sum.getLhs());
      if (product.bias || !argument || argument.getOwner() != epilogue.getBody())
        return false;
      bias = epilogue.getMatchingOpOperand(argument);
      if (!epilogue.isDpsInput(bias) || !isOfColumns(bias))
        return false;
      value = isTileFirst ? sum.getLhs() : sum.getRhs();
      ++numOps;
    }
    if (!isTile(epilogue, value) || epilogue.getBody()->getOperations().size() != numOps)
      return false;
    product.group.epilogues.push_back(epilogue);
    product.result = epilogue.getDpsInits()[0];
    product.hasRelu = hasRelu;
    if (bias)
      product.bias = bias;
    return true;
  }

  /// Whether `value` is an element of what has been computed so far.
  bool isTile(linalg::GenericOp epilogue, Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == epilogue.getBody() &&
           isSameView(epilogue.getMatchingOpOperand(argument)->get(), product.result);
  }

  LibraryProduct product;
  const ContractionGroup &whole;
  /// In the order in which the result has them.
  Loops columnLoops;
};

/// A memref as a matrix for each of the batch.
Value makeMatrix(OpBuilder &builder, Location loc, Value memref, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t offset = type.getStridesAndOffset().second;
  auto matrix = MemRefType::get(shape, type.getElementType(),
                                StridedLayoutAttr::get(builder.getContext(), offset, strides), type.getMemorySpace());
  return memref::ReinterpretCastOp::create(builder, loc, matrix, memref, offset, shape, strides);
}

} // namespace

std::optional<LibraryProduct> nn::matchLibraryProduct(const ContractionGroup &group) { return Matcher(group).run(); }

bool nn::takesLibrary(LibraryUse use, const LibraryProduct &product, const ContractionGroup &group,
                      Precision precision) {
  if (use != LibraryUse::automatic)
    return use == LibraryUse::always;
  const Contraction &contraction = group.contraction;
  Type element = getElementTypeOrSelf(contraction.c->get().getType());
  // Of others nothing has been measured.
  if (precision != Precision::f32 || !element.isF32())
    return false;
  double elements = static_cast<double>(contraction.getNumPoints(contraction.batch)) *
                    static_cast<double>(contraction.getNumPoints(contraction.rows)) *
                    static_cast<double>(contraction.getNumPoints(contraction.columns));
  double flops = 2 * elements * static_cast<double>(contraction.getNumTerms());
  if (flops < largeFlops)
    return false;
  double library = flops / libraryRate + launchSeconds;
  // What it does not take along goes through memory.
  if (product.group.epilogues.size() < group.epilogues.size())
    library += 2 * elements * sizeof(float) / memoryRate;
  if (group.prologue && !product.group.prologue)
    library += 2 * elements * sizeof(float) / memoryRate;
  return library < flops / ownRate;
}

void nn::markLibraryProduct(OpBuilder &builder, const LibraryProduct &product) {
  const Contraction &contraction = product.group.contraction;
  Location loc = contraction.op->getLoc();
  OpBuilder outside(builder.getInsertionBlock()->getParentOp());
  Value workspace = memref::AllocOp::create(outside, loc, MemRefType::get({workspaceBytes}, outside.getI8Type()),
                                            outside.getI64IntegerAttr(bufferAlignment));
  int64_t batches = contraction.getNumPoints(contraction.batch), rows = contraction.getNumPoints(contraction.rows),
          columns = contraction.getNumPoints(contraction.columns), terms = contraction.getNumTerms();
  auto make = [&](Value memref, int64_t height, int64_t width, const LibraryProduct::Strides &strides) {
    return makeMatrix(builder, loc, memref, {batches, height, width}, {strides.batch, strides.rows, strides.columns});
  };
  SmallVector<Value> bias;
  if (product.bias)
    bias.push_back(makeMatrix(builder, loc, product.bias->get(), {columns}, {1}));
  UnitAttr yes = builder.getUnitAttr(), no;
  LibraryProductOp::create(builder, loc, make(contraction.a->get(), rows, terms, product.a),
                           make(contraction.b->get(), terms, columns, product.b),
                           make(product.result, rows, columns, product.d), workspace, bias,
                           product.accumulates() ? yes : no, product.hasRelu ? yes : no);
}
