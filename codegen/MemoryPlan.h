// What nn-plan-arena leaves on each entry point (`nn.plan`): each of its buffers with place and lifetime, for --nn-plan
// to print and whoever else asks. The variables are those of nn.program.
#pragma once
#include "codegen/Placement.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::nn {

enum class BufferKind {
  variable,  ///< state that lives from step to step
  input,     ///< there from an entry's start
  output,    ///< kept to an entry's end
  temporary, ///< alive between its first and its last use
  scratch,   ///< the same, in the worker's area of a parallel loop's body
};

StringRef stringifyKind(BufferKind kind);

/// A buffer of an entry point. Times are the numbers of the ops of the entry's body, or of the parallel loop's; offsets
/// count from the start of the arena, or of the worker's area.
struct BufferPlan : PlacedBuffer {
  BufferKind kind = BufferKind::temporary;
  RankedTensorType type;
  /// Of variables, inputs and outputs.
  std::string name;
  /// The layer whose value it holds; empty where it is none's, as a loss.
  std::string layer;
  /// Where in the model file, as FILE:LINE:COLUMN; empty where that is not known.
  std::string location;
  /// Of scratch: which of the entry's parallel loops.
  int64_t loop = -1;
  /// The stages of the operations that first and last touch it, where these stand in a launch with others; else empty.
  std::string firstStage, lastStage;
};

struct EntryPlan {
  SmallVector<BufferPlan> buffers;
  /// How many ops the body has: the times there are.
  int64_t numOps = 0;
  /// How many copies there are in it for each reason of nn-check-buffers; not part of `nn.plan`.
  SmallVector<std::pair<std::string, int64_t>> copies;
};

/// What an entry point needs.
struct EntryNeeds {
  /// The end of its highest buffer, the variables included.
  int64_t peak = 0;
  /// The op at which most bytes are alive, how many, and how many of each kind.
  LivePeak live;
  llvm::SmallDenseMap<int, int64_t> liveByKind;
  /// The same of the parallel loop whose body needs most scratch.
  int64_t workerPeak = 0, workerLive = 0;

  int64_t getLive(BufferKind kind) const { return liveByKind.lookup(static_cast<int>(kind)); }
};

/// What an entry point needs beside `stateBytes` of variables, these included.
EntryNeeds findNeeds(const EntryPlan &plan, int64_t stateBytes);

/// 8x64x128xf32
std::string formatType(RankedTensorType type);

/// Bytes [offset, offset + bytes) of an area.
struct ByteSpan {
  int64_t offset = 0, bytes = 0;
};

enum class PlannedArea { arena, worker };

/// The bytes of an area that the buffers of an entry point take: in increasing order, those that meet made one.
SmallVector<ByteSpan> getPlannedSpans(const EntryPlan &plan, PlannedArea area);

/// A buffer without a place yet, of the layer and the place in the model file that `loc` names.
BufferPlan describeBuffer(BufferKind kind, RankedTensorType type, int64_t bytes, Location loc);

/// On an allocation: the stages of the operations that first and last touch the buffer, before they became launches.
inline constexpr llvm::StringLiteral stagesAttributeName = "nn.stages";

/// Leaves the plan of an entry point on it.
void setEntryPlan(Operation *entry, const EntryPlan &plan);

/// The plan that nn-plan-arena left on an entry point; all of it is checked, as IR may come from a file.
FailureOr<EntryPlan> readEntryPlan(Operation *entry);

} // namespace mlir::nn
