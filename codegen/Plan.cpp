// nn-plan: prints where every buffer of a program lies and when it lives, what each entry point needs, and what no plan
// could do without.
#include "codegen/MemoryPlan.h"
#include "codegen/Passes.h"
#include "codegen/Program.h"
#include "codegen/Table.h"
#include "llvm/Support/JSON.h"

namespace mlir::nn {
#define GEN_PASS_DEF_PLAN
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

constexpr BufferKind arenaKinds[] = {BufferKind::variable, BufferKind::input, BufferKind::output,
                                     BufferKind::temporary};

/// What an entry point needs.
struct Needs {
  /// The end of its highest buffer, the variables included.
  int64_t peak = 0;
  /// The op at which most bytes are alive, how many, and how many of each kind.
  LivePeak live;
  llvm::SmallDenseMap<int, int64_t> liveByKind;
  /// The same of the parallel loop whose body needs most scratch.
  int64_t workerPeak = 0, workerLive = 0;

  int64_t getLive(BufferKind kind) const { return liveByKind.lookup(static_cast<int>(kind)); }
};

Needs findNeeds(const EntryPlan &plan, int64_t stateBytes) {
  Needs needs;
  needs.peak = stateBytes;
  SmallVector<PlacedBuffer> serial;
  std::map<int64_t, SmallVector<PlacedBuffer>> loops;
  for (const BufferPlan &buffer : plan.buffers) {
    bool isScratch = buffer.kind == BufferKind::scratch;
    (isScratch ? loops[buffer.loop] : serial).push_back(buffer);
    int64_t &peak = isScratch ? needs.workerPeak : needs.peak;
    peak = std::max(peak, buffer.offset + getSpace(buffer));
  }
  needs.live = findLivePeak(serial);
  needs.live.bytes += stateBytes;
  needs.liveByKind[static_cast<int>(BufferKind::variable)] = stateBytes;
  for (const BufferPlan &buffer : plan.buffers)
    if (buffer.kind != BufferKind::scratch && buffer.first <= needs.live.time && needs.live.time <= buffer.last)
      needs.liveByKind[static_cast<int>(buffer.kind)] += getSpace(buffer);
  for (auto &[loop, buffers] : loops)
    needs.workerLive = std::max(needs.workerLive, findLivePeak(buffers).bytes);
  return needs;
}

/// 8x64x128xf32
std::string typeText(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (int64_t size : type.getShape())
    os << size << "x";
  os << type.getElementType();
  return text;
}

struct Plan : nn::impl::PlanBase<Plan> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Program> program = readProgram(module);
    if (failed(program))
      return signalPassFailure();
    SmallVector<BufferPlan> variables = readVariables(module, *program);
    if (json)
      printJson(*program, variables);
    else
      printTables(*program, variables);
  }

  static SmallVector<BufferPlan> readVariables(ModuleOp module, const Program &program) {
    SmallVector<BufferPlan> variables;
    for (const ProgramVariable &variable : program.variables) {
      int64_t bytes = variable.type.getNumElements() * llvm::divideCeil(variable.type.getElementTypeBitWidth(), 8);
      BufferPlan buffer =
          describeBuffer(BufferKind::variable, variable.type, bytes, module.lookupSymbol(variable.name)->getLoc());
      buffer.name = variable.name.str();
      buffer.offset = variable.offset;
      variables.push_back(std::move(buffer));
    }
    return variables;
  }

  //===--------------------------------------------------------------------===//
  // Tables
  //===--------------------------------------------------------------------===//

  static void printTables(const Program &program, ArrayRef<BufferPlan> variables) {
    raw_ostream &os = llvm::outs();
    os << "Variables, in all entry points\n";
    Table table(/*numLeft=*/2);
    table.addRow({"Variable", "Type", "Offset", "Bytes"});
    for (const BufferPlan &variable : variables)
      table.addRow({variable.name, typeText(variable.type), withCommas(variable.offset), withCommas(variable.bytes)});
    table.print(os);
    os << " State: " << bytesText(program.stateBytes) << "\n\n";
    for (const ProgramEntry &entry : program.entries)
      printEntry(os, entry, findNeeds(entry.plan, program.stateBytes));
    os << "Program\n"
       << " Arena: " << bytesText(program.arenaBytes) << ", " << bytesText(program.stateBytes) << " of it state\n"
       << " Scratch of each worker: " << bytesText(program.workerBytes) << "\n";
  }

  static void printEntry(raw_ostream &os, const ProgramEntry &entry, const Needs &needs) {
    const EntryPlan &plan = entry.plan;
    os << "Entry point: \"" << entry.name << "\", " << plan.numOps << " ops\n";
    Table table(/*numLeft=*/4);
    table.addRow({"Buffer", "Type", "Kind", "Layer", "Offset", "Bytes", "First op", "Last op"});
    for (const BufferPlan &buffer : plan.buffers) {
      std::string kind = stringifyKind(buffer.kind).str();
      if (buffer.loop >= 0)
        kind += " of loop " + std::to_string(buffer.loop);
      table.addRow({buffer.name.empty() ? "-" : buffer.name, typeText(buffer.type), kind,
                    buffer.layer.empty() ? buffer.location : buffer.layer, withCommas(buffer.offset),
                    withCommas(buffer.bytes), std::to_string(buffer.first), std::to_string(buffer.last)});
    }
    table.print(os);
    os << " Peak: " << bytesText(needs.peak) << ", by kind at op " << needs.live.time << ": ";
    for (BufferKind kind : arenaKinds)
      os << stringifyKind(kind) << " " << withCommas(needs.getLive(kind)) << ", ";
    os << "gaps " << withCommas(needs.peak - needs.live.bytes) << "\n"
       << " Lower bound: " << bytesText(needs.live.bytes) << ", alive at that op"
       << "\n Scratch of each worker: " << bytesText(needs.workerPeak) << "; lower bound "
       << bytesText(needs.workerLive) << "\n Copies: " << (plan.copies.empty() ? "none" : "");
    llvm::interleaveComma(plan.copies, os, [&](auto &copy) { os << copy.first << " " << copy.second; });
    os << "\n\n";
  }

  static std::string bytesText(int64_t bytes) {
    std::string text = withCommas(bytes) + " bytes";
    return bytes < 1024 ? text : text + " (" + withUnit(bytes) + ")";
  }

  //===--------------------------------------------------------------------===//
  // JSON
  //===--------------------------------------------------------------------===//

  static void printJson(const Program &program, ArrayRef<BufferPlan> variables) {
    llvm::json::OStream out(llvm::outs(), /*IndentSize=*/1);
    out.object([&] {
      out.attribute("arena_bytes", program.arenaBytes);
      out.attribute("state_bytes", program.stateBytes);
      out.attribute("worker_bytes", program.workerBytes);
      out.attributeArray("variables", [&] {
        for (const BufferPlan &variable : variables)
          out.object([&] { printPlace(out, variable); });
      });
      out.attributeArray("entries", [&] {
        for (const ProgramEntry &entry : program.entries)
          printEntry(out, entry, findNeeds(entry.plan, program.stateBytes));
      });
    });
    llvm::outs() << "\n";
  }

  static void printEntry(llvm::json::OStream &out, const ProgramEntry &entry, const Needs &needs) {
    const EntryPlan &plan = entry.plan;
    out.object([&] {
      out.attribute("name", entry.name);
      out.attribute("ops", plan.numOps);
      out.attribute("peak_bytes", needs.peak);
      out.attribute("lower_bound_bytes", needs.live.bytes);
      out.attributeObject("lower_bound", [&] {
        out.attribute("op", needs.live.time);
        for (BufferKind kind : arenaKinds)
          out.attribute(stringifyKind(kind), needs.getLive(kind));
      });
      out.attribute("worker_peak_bytes", needs.workerPeak);
      out.attribute("worker_lower_bound_bytes", needs.workerLive);
      out.attributeObject("copies", [&] {
        for (auto &[reason, count] : plan.copies)
          out.attribute(reason, count);
      });
      out.attributeArray("buffers", [&] {
        for (const BufferPlan &buffer : plan.buffers)
          out.object([&] {
            printPlace(out, buffer);
            out.attribute("first", buffer.first);
            out.attribute("last", buffer.last);
            if (buffer.loop >= 0)
              out.attribute("loop", buffer.loop);
          });
      });
    });
  }

  static void printPlace(llvm::json::OStream &out, const BufferPlan &buffer) {
    out.attribute("kind", stringifyKind(buffer.kind));
    for (auto [key, text] :
         {std::pair("name", &buffer.name), std::pair("layer", &buffer.layer), std::pair("location", &buffer.location)})
      if (!text->empty())
        out.attribute(key, llvm::json::isUTF8(*text) ? *text : llvm::json::fixUTF8(*text));
    out.attribute("type", typeText(buffer.type));
    out.attribute("offset", buffer.offset);
    out.attribute("bytes", buffer.bytes);
  }
};

} // namespace
