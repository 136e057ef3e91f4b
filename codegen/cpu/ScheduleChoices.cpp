// Choices of a schedule as an attribute, and back.
#include "codegen/cpu/ScheduleChoices.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr std::pair<StringLiteral, PanelsOfB> panelsNames[] = {{"in_place", PanelsOfB::inPlace},
                                                                      {"transposed", PanelsOfB::transposed},
                                                                      {"streamed", PanelsOfB::streamed},
                                                                      {"per_task", PanelsOfB::perTask},
                                                                      {"shared", PanelsOfB::shared}};
static constexpr std::pair<StringLiteral, BlockOfA> blockNames[] = {
    {"in_place", BlockOfA::inPlace}, {"row_major", BlockOfA::rowMajor}, {"tile_major", BlockOfA::tileMajor}};

template <typename Names, typename Enum> static StringAttr getName(Builder &builder, const Names &names, Enum value) {
  for (auto [name, named] : names)
    if (named == value)
      return builder.getStringAttr(name);
  llvm_unreachable("a choice without a name");
}

DictionaryAttr nn::getScheduleAttribute(MLIRContext *context, const ScheduleChoices &choices) {
  Builder builder(context);
  NamedAttrList entries;
  auto pair = [&](std::pair<int64_t, int64_t> value) {
    return builder.getDenseI64ArrayAttr({value.first, value.second});
  };
  if (choices.tile)
    entries.set("tile", pair(*choices.tile));
  if (choices.panels)
    entries.set("panels", getName(builder, panelsNames, *choices.panels));
  if (choices.byRows)
    entries.set("by_rows", builder.getBoolAttr(*choices.byRows));
  if (choices.blockSums)
    entries.set("block_sums", builder.getI64IntegerAttr(*choices.blockSums));
  if (choices.blockOfA)
    entries.set("block_of_a", getName(builder, blockNames, *choices.blockOfA));
  if (choices.tasks)
    entries.set("tasks", pair(*choices.tasks));
  return entries.getDictionary(context);
}

// Each reads one entry; false where it is not of the right kind.

static bool read(Attribute attribute, std::optional<std::pair<int64_t, int64_t>> &result) {
  auto pair = dyn_cast<DenseI64ArrayAttr>(attribute);
  if (!pair || pair.size() != 2)
    return false;
  result = {pair[0], pair[1]};
  return true;
}

static bool read(Attribute attribute, std::optional<int64_t> &result) {
  auto number = dyn_cast<IntegerAttr>(attribute);
  if (!number || !number.getType().isInteger(64))
    return false;
  result = number.getInt();
  return true;
}

static bool read(Attribute attribute, std::optional<bool> &result) {
  auto flag = dyn_cast<BoolAttr>(attribute);
  if (flag)
    result = flag.getValue();
  return bool(flag);
}

template <typename Names, typename Enum>
static bool read(Attribute attribute, const Names &names, std::optional<Enum> &result) {
  auto text = dyn_cast<StringAttr>(attribute);
  for (auto [name, value] : names)
    if (text && text.getValue() == name)
      result = value;
  return result.has_value();
}

FailureOr<ScheduleChoices> nn::readScheduleAttribute(Operation *op, Attribute attribute) {
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  if (!dictionary)
    return op->emitError() << scheduleAttributeName << " is not a dictionary: " << attribute;
  ScheduleChoices choices;
  for (NamedAttribute entry : dictionary) {
    Attribute value = entry.getValue();
    StringRef name = entry.getName();
    bool isGood = name == "tile"         ? read(value, choices.tile)
                  : name == "panels"     ? read(value, panelsNames, choices.panels)
                  : name == "by_rows"    ? read(value, choices.byRows)
                  : name == "block_sums" ? read(value, choices.blockSums)
                  : name == "block_of_a" ? read(value, blockNames, choices.blockOfA)
                  : name == "tasks"      ? read(value, choices.tasks)
                                         : false;
    if (!isGood)
      return op->emitError() << scheduleAttributeName << " has no known " << entry.getName() << ": " << value;
  }
  return choices;
}
