// Reads a program's description from a module; see Program.h.
#include "codegen/Program.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/Precision.h"
#include "codegen/gpu/ProductRecord.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "runtime/include/nnc/program.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Looks `name` up in the names of an enumeration of the ABI.
template <typename Op>
FailureOr<int32_t> readEnum(Op op, Attribute attribute, StringRef what, ArrayRef<std::pair<StringRef, int>> known) {
  auto name = dyn_cast_or_null<StringAttr>(attribute);
  for (auto [knownName, value] : known)
    if (name && name.getValue() == knownName)
      return value;
  InFlightDiagnostic error = op->emitOpError() << "has no known " << what << ": ";
  if (attribute)
    return error << attribute;
  return error << "none given";
}

constexpr std::pair<StringRef, int> inputRoles[] = {{"data", NNC_DATA},
                                                    {"valid", NNC_VALID},
                                                    {"learning_rate", NNC_LEARNING_RATE},
                                                    {"seed", NNC_SEED},
                                                    {"class_weights", NNC_CLASS_WEIGHTS}};
constexpr std::pair<StringRef, int> outputRoles[] = {
    {"loss", NNC_LOSS},         {"metric", NNC_METRIC}, {"prediction", NNC_PREDICTION},
    {"gradient", NNC_GRADIENT}, {"score", NNC_SCORE},   {"error", NNC_ERROR}};
constexpr std::pair<StringRef, int> variableRoles[] = {
    {"parameter", NNC_PARAMETER}, {"slot", NNC_SLOT}, {"counter", NNC_COUNTER}};
constexpr std::pair<StringRef, int> entryKinds[] = {{"init", NNC_INIT},
                                                    {"train", NNC_TRAIN},
                                                    {"evaluate", NNC_EVALUATE},
                                                    {"predict", NNC_PREDICT},
                                                    {"gradient", NNC_GRADIENTS}};

/// The ABI's tensors have a bounded rank and one of four element types.
LogicalResult verifyType(Operation *op, StringRef name, RankedTensorType type) {
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF64() && !element.isInteger(32) && !element.isInteger(64))
    return op->emitOpError() << "'" << name << "' has elements of type " << element
                             << "; a program exchanges f32, f64, i32 and i64";
  if (type.getRank() > NNC_MAX_RANK)
    return op->emitOpError() << "'" << name << "' has " << type.getRank() << " dimensions; a program exchanges up to "
                             << NNC_MAX_RANK;
  return success();
}

FailureOr<ProgramTensor> readTensor(Operation *entry, Attribute attribute, ArrayRef<std::pair<StringRef, int>> roles) {
  auto description = dyn_cast<DictionaryAttr>(attribute);
  auto name = description ? description.getAs<StringAttr>("name") : StringAttr();
  auto typeAttribute = description ? description.getAs<TypeAttr>("type") : TypeAttr();
  auto offset = description ? description.getAs<IntegerAttr>("offset") : IntegerAttr();
  auto type = typeAttribute ? dyn_cast<RankedTensorType>(typeAttribute.getValue()) : RankedTensorType();
  if (!name || !type || !offset || !type.hasStaticShape())
    return entry->emitOpError() << "has a malformed description of an input or output: " << attribute;
  if (failed(verifyType(entry, name.getValue(), type)))
    return failure();
  FailureOr<int32_t> role = readEnum(entry, description.get("role"), "role of '" + name.str() + "'", roles);
  if (failed(role))
    return failure();
  ProgramTensor tensor{name.getValue(), type, offset.getInt(), *role, std::nullopt, 0};
  if (auto range = description.getAs<DenseI64ArrayAttr>("range"); range && range.size() == 2)
    tensor.range = {range[0], range[1]};
  if (auto value = description.getAs<FloatAttr>("default"))
    tensor.defaultValue = value.getValueAsDouble();
  return tensor;
}

FailureOr<ProgramKernel> readKernel(Operation *entry, Attribute attribute) {
  auto description = dyn_cast<DictionaryAttr>(attribute);
  auto getText = [&](StringRef key) {
    auto text = description ? description.getAs<StringAttr>(key) : StringAttr();
    return text ? text.getValue() : StringRef();
  };
  auto getNumber = [&](StringRef key) {
    auto number = description ? description.getAs<IntegerAttr>(key) : IntegerAttr();
    return number ? number.getInt() : -1;
  };
  auto getNumberIfAny = [&](StringRef key) { return description && description.contains(key) ? getNumber(key) : 0; };
  ProgramKernel kernel;
  kernel.name = getText("name");
  kernel.layer = getText("layer");
  kernel.stage = getText("stage");
  kernel.location = getText("location");
  kernel.tasks = getNumber("tasks");
  kernel.flops = getNumber("flops");
  kernel.bytes = getNumber("bytes");
  kernel.tensorFlops = getNumberIfAny("tensor_flops");
  bool isValid =
      !kernel.name.empty() && kernel.tasks >= 0 && kernel.flops >= 0 && kernel.bytes >= 0 && kernel.tensorFlops >= 0;
  if (description && description.contains("threads")) {
    kernel.threads = getNumber("threads");
    kernel.sharedBytes = getNumber("shared_bytes");
    isValid &= kernel.threads >= 0 && kernel.sharedBytes >= 0;
  }
  if (auto parts = description ? description.getAs<ArrayAttr>("parts") : ArrayAttr()) {
    for (Attribute part : parts) {
      description = dyn_cast<DictionaryAttr>(part);
      const ProgramPart &read = kernel.parts.emplace_back(
          ProgramPart{getText("layer"), getText("stage"), getNumber("flops"), getNumber("bytes"),
                      getNumberIfAny("tensor_flops"), getNumberIfAny("shared_bytes")});
      isValid &= read.flops >= 0 && read.bytes >= 0 && read.tensorFlops >= 0 && read.sharedBytes >= 0;
    }
  } else {
    kernel.parts.push_back({kernel.layer, kernel.stage, kernel.flops, kernel.bytes, kernel.tensorFlops, 0});
  }
  if (!isValid)
    return entry->emitOpError() << "has a malformed description of a kernel: " << attribute;
  return kernel;
}

FailureOr<ProgramLaunch> readLaunch(Operation *entry, Attribute attribute) {
  auto description = dyn_cast<DictionaryAttr>(attribute);
  auto getNumber = [&](StringRef key) {
    auto number = description ? description.getAs<IntegerAttr>(key) : IntegerAttr();
    return number ? number.getInt() : -1;
  };
  auto kernel = description ? description.getAs<StringAttr>("kernel") : StringAttr();
  auto arguments = description ? description.getAs<DenseI64ArrayAttr>("arguments") : DenseI64ArrayAttr();
  auto cooperative = description ? description.getAs<BoolAttr>("cooperative") : BoolAttr();
  ProgramLaunch launch{kernel ? kernel.getValue() : StringRef(),
                       getNumber("blocks"),
                       getNumber("threads"),
                       getNumber("shared_bytes"),
                       arguments ? arguments.asArrayRef() : ArrayRef<int64_t>(),
                       cooperative && cooperative.getValue(),
                       getNumber("time"),
                       std::nullopt};
  if (Attribute product = description ? description.get("product") : Attribute()) {
    launch.product = readProductAttribute(product);
    if (!launch.product)
      return entry->emitOpError() << "has a malformed description of a product: " << product;
  }
  if (launch.kernel.empty() || launch.blocks < 1 || launch.threads < 1 || launch.sharedBytes < 0 || !arguments)
    return entry->emitOpError() << "has a malformed description of a launch: " << attribute;
  return launch;
}

/// Where the buffers of an entry point lie, each inside its area.
FailureOr<EntryPlan> readPlan(Operation *entry, const Program &program) {
  FailureOr<EntryPlan> plan = readEntryPlan(entry);
  if (failed(plan))
    return failure();
  for (const BufferPlan &buffer : plan->buffers) {
    bool isScratch = buffer.kind == BufferKind::scratch;
    int64_t start = isScratch ? 0 : program.stateBytes, end = isScratch ? program.workerBytes : program.arenaBytes;
    if (buffer.bytes < 0 || buffer.offset < start || buffer.offset > end || buffer.bytes > end - buffer.offset)
      return entry->emitOpError() << "plans " << buffer.bytes << " bytes at byte " << buffer.offset
                                  << ", outside bytes " << start << " to " << end << " of its "
                                  << (isScratch ? "worker's area" : "arena");
  }
  return plan;
}

FailureOr<ProgramEntry> readEntry(FunctionOpInterface function, const Program &program) {
  ProgramEntry entry;
  entry.name = cast<SymbolOpInterface>(function.getOperation()).getName();
  FailureOr<int32_t> kind = readEnum(function, function->getAttr("nn.entry"), "kind of entry point", entryKinds);
  auto inputs = function->getAttrOfType<ArrayAttr>("nn.inputs");
  auto outputs = function->getAttrOfType<ArrayAttr>("nn.outputs");
  if (failed(kind))
    return failure();
  if (!inputs || !outputs)
    return function->emitOpError() << "has no nn.inputs or nn.outputs; --nn-plan-arena makes them";
  FailureOr<EntryPlan> plan = readPlan(function, program);
  if (failed(plan))
    return failure();
  entry.kind = *kind;
  entry.plan = std::move(*plan);
  if (auto symbol = function->getAttrOfType<StringAttr>("nn.symbol"))
    entry.symbol = symbol.getValue();
  if (auto batch = function->getAttrOfType<IntegerAttr>("nn.batch"))
    entry.batch = batch.getInt();
  for (auto [list, roles, tensors] : {std::tuple(inputs, ArrayRef(inputRoles), &entry.inputs),
                                      std::tuple(outputs, ArrayRef(outputRoles), &entry.outputs)}) {
    for (Attribute attribute : list) {
      FailureOr<ProgramTensor> tensor = readTensor(function, attribute, roles);
      if (failed(tensor))
        return failure();
      tensors->push_back(*tensor);
    }
  }
  if (auto kernels = function->getAttrOfType<ArrayAttr>("nn.kernels"))
    for (Attribute attribute : kernels) {
      FailureOr<ProgramKernel> kernel = readKernel(function, attribute);
      if (failed(kernel))
        return failure();
      entry.kernels.push_back(*kernel);
    }
  if (auto device = function->getAttrOfType<StringAttr>("nn.device"))
    entry.device = device.getValue();
  if (Attribute precision = function->getAttr(precisionAttributeName)) {
    auto name = dyn_cast<StringAttr>(precision);
    std::optional<Precision> known = name ? parsePrecision(name) : std::nullopt;
    if (!known)
      return function->emitOpError() << "has no known precision of products: " << precision;
    entry.precision = static_cast<int32_t>(*known);
  }
  auto launches = function->getAttrOfType<ArrayAttr>("nn.launches");
  entry.isOnDevice = bool(launches);
  // Before they are a list, they are ops.
  if (auto body = dyn_cast<func::FuncOp>(*function); body && !launches && !entry.device.empty()) {
    FailureOr<ArrayAttr> listed = listLaunches(body);
    if (failed(listed))
      return failure();
    launches = *listed;
  }
  if (launches)
    for (Attribute attribute : launches) {
      FailureOr<ProgramLaunch> launch = readLaunch(function, attribute);
      if (failed(launch))
        return failure();
      entry.launches.push_back(*launch);
    }
  return entry;
}

} // namespace

FailureOr<Program> nn::readProgram(ModuleOp module) {
  auto attributes = module->getAttrOfType<DictionaryAttr>("nn.program");
  auto arenaBytes = attributes ? attributes.getAs<IntegerAttr>("arena_bytes") : IntegerAttr();
  auto stateBytes = attributes ? attributes.getAs<IntegerAttr>("state_bytes") : IntegerAttr();
  auto workerBytes = attributes ? attributes.getAs<IntegerAttr>("worker_bytes") : IntegerAttr();
  auto offsets = attributes ? attributes.getAs<DictionaryAttr>("variables") : DictionaryAttr();
  if (!arenaBytes || !stateBytes || !workerBytes || !offsets)
    return module.emitError() << "the module has no nn.program; --nn-plan-arena makes it";
  for (auto [bytes, least] : {std::pair(stateBytes, int64_t(0)), std::pair(arenaBytes, stateBytes.getInt()),
                              std::pair(workerBytes, int64_t(0))})
    if (bytes.getInt() < least || bytes.getInt() > NNC_MAX_BYTES)
      return module.emitError() << "the module's nn.program has impossible sizes: " << attributes;
  auto image = module->getAttrOfType<StringAttr>("nn.image");
  Program program{
      arenaBytes.getInt(), stateBytes.getInt(), workerBytes.getInt(), {}, {}, image ? image.getValue() : StringRef()};

  for (VariableOp variable : module.getOps<VariableOp>()) {
    auto offset = offsets.getAs<IntegerAttr>(variable.getSymName());
    if (!offset)
      return variable.emitOpError() << "has no place in the arena";
    FailureOr<int32_t> role = readEnum(variable, variable.getRoleAttr(), "role", variableRoles);
    if (failed(role) || failed(verifyType(variable, variable.getSymName(), variable.getTensorType())))
      return failure();
    program.variables.push_back(
        {variable.getSymName(), variable.getTensorType(), offset.getInt(), *role, variable.getTrainable()});
  }
  llvm::sort(program.variables, [](auto &a, auto &b) { return a.offset < b.offset; });

  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<FunctionOpInterface>(op);
    if (!function || !function->hasAttr("nn.entry"))
      continue;
    FailureOr<ProgramEntry> entry = readEntry(function, program);
    if (failed(entry))
      return failure();
    program.entries.push_back(std::move(*entry));
  }
  return program;
}

SmallVector<BufferPlan> nn::describeVariables(ModuleOp module, const Program &program) {
  SymbolTable symbols(module);
  return llvm::map_to_vector(program.variables, [&](const ProgramVariable &variable) {
    int64_t bytes = variable.type.getNumElements() * llvm::divideCeil(variable.type.getElementTypeBitWidth(), 8);
    BufferPlan buffer =
        describeBuffer(BufferKind::variable, variable.type, bytes, symbols.lookup(variable.name)->getLoc());
    buffer.name = variable.name.str();
    buffer.offset = variable.offset;
    return buffer;
  });
}
