// --nn-share-kernels: what entry points compute more than once, with other buffers, becomes a function that they call.
#include "codegen/KernelCost.h"
#include "codegen/KernelNames.h"
#include "codegen/KernelUse.h"
#include "codegen/Origins.h"
#include "codegen/Passes.h"
#include "codegen/SharedKernels.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Loops.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {
#define GEN_PASS_DEF_SHAREKERNELS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A matrix product with its neighbours, or a parallel loop, of an entry point's body.
struct Piece {
  SmallVector<Operation *> ops; // in the order of the block
  /// Of all layers and stages that they work for, each once.
  Location loc;
  /// Of each op that computes or moves something, which of these it works for.
  SmallVector<size_t> origins;
};

/// `first`: whose layer and stage come first.
Piece makePiece(ArrayRef<Operation *> ops, Operation *first) {
  Origins found;
  SmallVector<size_t> origins = {found.find(first)};
  for (Operation *op : ops)
    op->walk<WalkOrder::PreOrder>([&](Operation *inner) {
      bool accesses = inner->getNumRegions() == 0 && !isMemoryEffectFree(inner);
      if (isa<linalg::LinalgOp>(inner) || accesses || getFlops(inner) > 0)
        origins.push_back(found.find(inner));
    });
  return {llvm::to_vector(ops), found.getLocation(first->getContext()), std::move(origins)};
}

/// The pieces of `entry`, by their last ops' order. Products are grouped as nn-lower-contractions will group them.
SmallVector<Piece> findPieces(func::FuncOp entry) {
  SmallVector<Piece> pieces;
  DenseSet<Operation *> taken;
  bool knowsRoots = touchesKnownRootsOnly(entry);
  for (Operation &op : entry.getBody().front()) {
    if (isa<scf::ForallOp>(op)) {
      pieces.push_back(makePiece(&op, &op));
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || taken.contains(generic))
      continue;
    FailureOr<Contraction> contraction = matchContraction(generic);
    if (failed(contraction))
      continue;
    ContractionGroup group = fuseNeighbours(*contraction, taken, knowsRoots);
    SmallVector<Operation *> ops = group.getOps();
    taken.insert_range(ops);
    pieces.push_back(makePiece(ops, contraction->op));
  }
  return pieces;
}

/// Pieces of one entry that are the same, some numbers aside, and whose ops work for layers in the same way: the
/// kernel's say so of one piece, and its calls who that is in theirs.
struct Class {
  KernelUses uses;
  SmallVector<size_t> origins;
  /// Of each use, where its layers stand in the model file.
  SmallVector<Location> locations;
  SmallVector<size_t> differing;
};

/// Finds what an entry computes more than once. How it is cut into kernels depends on nothing but itself, so that its
/// plan is the same whatever other entries a program has.
class ClassFinder {
public:
  explicit ClassFinder(func::FuncOp entry) : entry(entry) {}

  std::vector<Class> find() {
    for (const Piece &piece : findPieces(entry))
      addPiece(piece);
    llvm::erase_if(classes, [](const Class &found) { return found.uses.size() == 1; });
    for (Class &found : classes)
      found.differing = found.uses.getDiffering();
    return std::move(classes);
  }

private:
  void addPiece(const Piece &piece) {
    std::string name = describeKernel(entry, piece.loc).getStem();
    KernelPiece code{entry, {}, (entry.getSymName() + "." + name).str(), piece.ops, {}, {}, {}};
    auto isBuffer = [](Value value) { return isa<MemRefType>(value.getType()) && getKnownRoot(value) == value; };
    FailureOr<Captures> captures = findCaptures(code, isBuffer);
    if (failed(captures))
      return;
    code.captures = std::move(*captures);
    KernelUse use(std::move(code));
    SmallVector<size_t> &candidates = byCode[use.hash()];
    const size_t *same = llvm::find_if(candidates, [&](size_t index) {
      const Class &known = classes[index];
      return known.origins == piece.origins && known.uses.takes(use, maxDifferingNumbers);
    });
    if (same == candidates.end()) {
      candidates.push_back(classes.size());
      classes.push_back({{}, piece.origins, {}, {}});
      same = &candidates.back();
    }
    classes[*same].uses.push_back(std::move(use));
    classes[*same].locations.push_back(piece.loc);
  }

  func::FuncOp entry;
  /// No two of the same code.
  std::vector<Class> classes;
  /// Their indices, by hash.
  llvm::DenseMap<size_t, SmallVector<size_t>> byCode;
};

/// Makes the kernels of all entries, one for classes that are the same, and the calls.
class Sharing {
public:
  explicit Sharing(ModuleOp module) : symbols(module) {}

  void share(std::vector<Class> classes) {
    for (const Class &shared : classes) {
      SmallVector<size_t> &candidates = byCode[shared.uses.front().hash()];
      const size_t *same = llvm::find_if(candidates, [&](size_t index) { return isSame(*kernels[index].of, shared); });
      if (same == candidates.end()) {
        candidates.push_back(kernels.size());
        kernels.push_back(makeKernel(shared));
        same = &candidates.back();
      }
      ofClasses.push_back(*same);
    }
    for (auto [shared, kernel] : llvm::zip_equal(classes, ofClasses))
      for (auto [use, loc] : llvm::zip_equal(shared.uses, shared.locations))
        replace(use, loc, shared.differing, kernels[kernel]);
  }

private:
  struct SharedKernel {
    /// The class that it was made of.
    const Class *of;
    func::FuncOp function;
    SmallVector<bool> writes;
  };

  /// Whether a kernel of one is one of the other, given its numbers.
  static bool isSame(const Class &a, const Class &b) {
    const KernelUse &first = a.uses.front(), &other = b.uses.front();
    if (a.differing != b.differing || a.origins != b.origins || !first.isSameCode(other))
      return false;
    return llvm::all_of(llvm::seq<size_t>(0, first.numbers.size()), [&](size_t position) {
      return first.numbers[position] == other.numbers[position] || llvm::is_contained(a.differing, position);
    });
  }

  SharedKernel makeKernel(const Class &shared) {
    func::FuncOp kernel = nn::makeKernel(shared.uses.front().piece, shared.locations.front(), symbols);
    Block &body = kernel.getBody().front();
    replaceDiffering(kernel, shared.uses, [&](OpBuilder &, Location loc, Type type, size_t) -> Value {
      return body.addArgument(type, loc);
    });
    kernel.setFunctionType(FunctionType::get(kernel.getContext(), body.getArgumentTypes(), {}));
    SmallVector<bool> writes = llvm::map_to_vector(kernel.getArguments(), [&](BlockArgument argument) {
      return isa<MemRefType>(argument.getType()) &&
             llvm::any_of(body, [&](Operation &op) { return mayWrite(&op, argument); });
    });
    return {&shared, kernel, std::move(writes)};
  }

  static void replace(const KernelUse &use, Location loc, ArrayRef<size_t> differing, const SharedKernel &kernel) {
    const Captures &captures = use.piece.captures;
    OpBuilder builder(use.piece.ops.back());
    SmallVector<Value> operands = llvm::to_vector(llvm::concat<const Value>(captures.buffers, captures.scalars));
    for (size_t position : differing)
      operands.push_back(arith::ConstantOp::create(builder, loc, use.numbers[position]));
    callKernel(use.piece.ops.back(), loc, kernel.function, operands, kernel.writes);
    for (Operation *op : llvm::reverse(use.piece.ops))
      op->erase();
    for (Operation *op : llvm::reverse(captures.rebuilt))
      if (op->use_empty())
        op->erase();
  }

  SymbolTable symbols;
  std::vector<SharedKernel> kernels;
  /// Their indices, by hash, and those of the classes.
  llvm::DenseMap<size_t, SmallVector<size_t>> byCode;
  SmallVector<size_t> ofClasses;
};

struct ShareKernels : nn::impl::ShareKernelsBase<ShareKernels> {
  using Base::Base;

  void runOnOperation() override {
    std::vector<Class> classes;
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.entry") && function.getBody().hasOneBlock())
        llvm::append_range(classes, ClassFinder(function).find());
    Sharing(getOperation()).share(std::move(classes));
  }
};
} // namespace
