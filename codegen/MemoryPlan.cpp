// The memory plan as attributes; see MemoryPlan.h.
#include "codegen/MemoryPlan.h"
#include "dialect/Layer.h"
#include "mlir/IR/Builders.h"
#include <map>

using namespace mlir;
using namespace mlir::nn;

static constexpr BufferKind kinds[] = {BufferKind::variable, BufferKind::input, BufferKind::output,
                                       BufferKind::temporary, BufferKind::scratch};

StringRef nn::stringifyKind(BufferKind kind) {
  switch (kind) {
  case BufferKind::variable:
    return "variable";
  case BufferKind::input:
    return "input";
  case BufferKind::output:
    return "output";
  case BufferKind::temporary:
    return "temporary";
  case BufferKind::scratch:
    return "scratch";
  }
  llvm_unreachable("no such kind of buffer");
}

BufferPlan nn::describeBuffer(BufferKind kind, RankedTensorType type, int64_t bytes, Location loc) {
  BufferPlan buffer;
  buffer.kind = kind;
  buffer.type = type;
  buffer.bytes = bytes;
  buffer.layer = getLayerName(loc);
  buffer.location = getFilePlace(loc);
  return buffer;
}

static DictionaryAttr describe(Builder &builder, const BufferPlan &buffer) {
  NamedAttrList description;
  auto setText = [&](StringRef key, StringRef text) {
    if (!text.empty())
      description.set(key, builder.getStringAttr(text));
  };
  setText("kind", stringifyKind(buffer.kind));
  setText("name", buffer.name);
  setText("layer", buffer.layer);
  setText("location", buffer.location);
  description.set("type", TypeAttr::get(buffer.type));
  description.set("offset", builder.getI64IntegerAttr(buffer.offset));
  description.set("bytes", builder.getI64IntegerAttr(buffer.bytes));
  description.set("live", builder.getDenseI64ArrayAttr({buffer.first, buffer.last}));
  if (buffer.loop >= 0)
    description.set("loop", builder.getI64IntegerAttr(buffer.loop));
  setText("first_stage", buffer.firstStage);
  setText("last_stage", buffer.lastStage);
  return description.getDictionary(builder.getContext());
}

SmallVector<ByteSpan> nn::getPlannedSpans(const EntryPlan &plan, PlannedArea area) {
  SmallVector<ByteSpan> spans;
  for (const BufferPlan &buffer : plan.buffers)
    if ((buffer.kind == BufferKind::scratch) == (area == PlannedArea::worker) && buffer.bytes > 0)
      spans.push_back({buffer.offset, buffer.bytes});
  llvm::sort(spans, [](const ByteSpan &a, const ByteSpan &b) { return a.offset < b.offset; });
  SmallVector<ByteSpan> merged;
  for (const ByteSpan &span : spans) {
    if (merged.empty() || span.offset > merged.back().offset + merged.back().bytes)
      merged.push_back(span);
    else
      merged.back().bytes = std::max(merged.back().bytes, span.offset + span.bytes - merged.back().offset);
  }
  return merged;
}

void nn::setEntryPlan(Operation *entry, const EntryPlan &plan) {
  Builder builder(entry->getContext());
  SmallVector<Attribute> buffers;
  for (const BufferPlan &buffer : plan.buffers)
    buffers.push_back(describe(builder, buffer));
  entry->setAttr("nn.plan", builder.getDictionaryAttr({
                                builder.getNamedAttr("buffers", builder.getArrayAttr(buffers)),
                                builder.getNamedAttr("ops", builder.getI64IntegerAttr(plan.numOps)),
                            }));
}

static std::optional<BufferPlan> readBuffer(Attribute attribute) {
  auto description = dyn_cast<DictionaryAttr>(attribute);
  if (!description)
    return std::nullopt;
  auto kind = description.getAs<StringAttr>("kind");
  auto type = description.getAs<TypeAttr>("type");
  auto offset = description.getAs<IntegerAttr>("offset"), bytes = description.getAs<IntegerAttr>("bytes");
  auto live = description.getAs<DenseI64ArrayAttr>("live");
  const auto *known = llvm::find_if(kinds, [&](BufferKind known) { return kind && stringifyKind(known) == kind; });
  if (known == std::end(kinds) || !type || !isa<RankedTensorType>(type.getValue()) || !offset || !bytes || !live ||
      live.size() != 2)
    return std::nullopt;
  auto getText = [&](StringRef key) {
    auto text = description.getAs<StringAttr>(key);
    return text ? text.str() : std::string();
  };
  BufferPlan buffer;
  buffer.kind = *known;
  buffer.type = cast<RankedTensorType>(type.getValue());
  buffer.offset = offset.getInt();
  buffer.bytes = bytes.getInt();
  buffer.first = live[0];
  buffer.last = live[1];
  buffer.name = getText("name");
  buffer.layer = getText("layer");
  buffer.location = getText("location");
  buffer.firstStage = getText("first_stage");
  buffer.lastStage = getText("last_stage");
  if (auto loop = description.getAs<IntegerAttr>("loop"))
    buffer.loop = loop.getInt();
  return buffer;
}

FailureOr<EntryPlan> nn::readEntryPlan(Operation *entry) {
  auto attribute = entry->getAttrOfType<DictionaryAttr>("nn.plan");
  auto buffers = attribute ? attribute.getAs<ArrayAttr>("buffers") : ArrayAttr();
  auto ops = attribute ? attribute.getAs<IntegerAttr>("ops") : IntegerAttr();
  if (!buffers || !ops)
    return entry->emitOpError() << "has no nn.plan; --nn-plan-arena makes it";
  EntryPlan plan{{}, ops.getInt(), {}};
  if (auto copies = entry->getAttrOfType<DictionaryAttr>("nn.copies"))
    for (NamedAttribute copy : copies)
      if (auto count = dyn_cast<IntegerAttr>(copy.getValue()))
        plan.copies.emplace_back(copy.getName().str(), count.getInt());
  for (Attribute description : buffers) {
    std::optional<BufferPlan> buffer = readBuffer(description);
    if (!buffer)
      return entry->emitOpError() << "has a malformed description of a buffer: " << description;
    plan.buffers.push_back(std::move(*buffer));
  }
  return plan;
}

EntryNeeds nn::findNeeds(const EntryPlan &plan, int64_t stateBytes) {
  EntryNeeds needs;
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

std::string nn::formatType(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (int64_t size : type.getShape())
    os << size << "x";
  os << type.getElementType();
  return text;
}
