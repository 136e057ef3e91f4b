// Code units: the largest functions first, each to the unit that has least so far; see CodeUnits.h.
#include "codegen/CodeUnits.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Below so many ops, what a unit costs by itself is not worth it.
constexpr int64_t minUnitOps = 2000;
constexpr int64_t maxUnits = 16;

struct Function {
  LLVM::LLVMFuncOp op;
  int64_t ops = 0;
};

int64_t countOps(LLVM::LLVMFuncOp function) {
  int64_t count = 0;
  function.walk([&](Operation *) { ++count; });
  return count;
}

/// Adds what `function` refers to, to `unit`: constants whole, functions as declarations.
void declareUses(LLVM::LLVMFuncOp function, const SymbolTable &symbols, ModuleOp unit, llvm::StringSet<> &present) {
  OpBuilder builder = OpBuilder::atBlockBegin(unit.getBody());
  auto uses = SymbolTable::getSymbolUses(&function.getBody());
  if (!uses)
    return;
  for (const SymbolTable::SymbolUse &use : *uses) {
    StringRef name = use.getSymbolRef().getRootReference();
    Operation *symbol = symbols.lookup(name);
    if (!symbol || !present.insert(name).second)
      continue;
    if (isa<LLVM::LLVMFuncOp>(symbol))
      builder.cloneWithoutRegions(*symbol);
    else
      builder.clone(*symbol);
  }
}

} // namespace

SmallVector<OwningOpRef<ModuleOp>> nn::makeCodeUnits(ModuleOp module) {
  SymbolTable symbols(module);
  SmallVector<Function> functions;
  int64_t total = 0;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (function.isExternal())
      continue;
    functions.push_back({function, countOps(function)});
    total += functions.back().ops;
  }
  llvm::sort(functions, [](Function a, Function b) {
    return std::tuple(b.ops, a.op.getSymName()) < std::tuple(a.ops, b.op.getSymName());
  });

  int64_t count = std::clamp<int64_t>(total / minUnitOps, 1, maxUnits);
  SmallVector<OwningOpRef<ModuleOp>> units;
  SmallVector<int64_t> sizes(count);
  SmallVector<llvm::StringSet<>> present(count);
  SmallVector<SmallVector<LLVM::LLVMFuncOp>> members(count);
  for (Function function : functions) {
    size_t least = llvm::min_element(sizes) - sizes.begin();
    sizes[least] += function.ops;
    members[least].push_back(function.op);
    present[least].insert(function.op.getSymName());
  }
  for (auto [unitMembers, unitPresent] : llvm::zip_equal(members, present)) {
    OwningOpRef<ModuleOp> unit = ModuleOp::create(module.getLoc());
    unit->getOperation()->setDiscardableAttrs(module->getDiscardableAttrDictionary());
    for (LLVM::LLVMFuncOp function : unitMembers) {
      function->remove();
      unit->push_back(function);
    }
    for (LLVM::LLVMFuncOp function : unitMembers)
      declareUses(function, symbols, *unit, unitPresent);
    units.push_back(std::move(unit));
  }
  return units;
}
