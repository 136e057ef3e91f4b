// Writes the program descriptor as LLVM constants. Each make… function below writes the fields of the struct of the
// same name in runtime/include/nnc/program.h, in their order; LLVM pads structs as C does.
#include "codegen/Descriptor.h"
#include "codegen/gpu/ProductRecord.h"
#include "runtime/include/nnc/program.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

using namespace mlir;
using namespace mlir::nn;
using llvm::Constant;
using llvm::ConstantStruct;

namespace {

class DescriptorBuilder {
public:
  explicit DescriptorBuilder(llvm::Module &module) : module(module), context(module.getContext()) {}

  Constant *makeProgram(const Program &program, const TargetOptions &options, StringRef target);
  llvm::GlobalVariable *makeGlobal(Constant *value, const llvm::Twine &name, bool isExported);

private:
  Constant *int32(int64_t value) { return llvm::ConstantInt::getSigned(llvm::Type::getInt32Ty(context), value); }
  Constant *int64(int64_t value) { return llvm::ConstantInt::getSigned(llvm::Type::getInt64Ty(context), value); }
  Constant *real(double value) { return llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), value); }
  Constant *string(StringRef text) {
    return makeGlobal(llvm::ConstantDataArray::getString(context, text), "nnc.string", false);
  }
  /// A pointer to the elements; null where there are none.
  Constant *array(llvm::ArrayRef<Constant *> elements, const llvm::Twine &name);
  /// An entry point, which may be in another unit of the program's code.
  Constant *getFunction(StringRef name);
  Constant *makeTensor(StringRef name, RankedTensorType type, int64_t offset);
  Constant *makeVariable(const ProgramVariable &variable);
  Constant *makeInput(const ProgramTensor &input);
  Constant *makeOutput(const ProgramTensor &output);
  Constant *makeSpans(llvm::ArrayRef<ByteSpan> spans);
  Constant *makeKernel(const ProgramKernel &kernel);
  Constant *makeNumbers(llvm::ArrayRef<int64_t> numbers, const llvm::Twine &name) {
    return array(llvm::map_to_vector(numbers, [&](int64_t number) { return int64(number); }), name);
  }
  Constant *makeLaunch(const ProgramLaunch &launch);
  Constant *makeImage(StringRef image);
  Constant *makeEntry(const ProgramEntry &entry);

  llvm::Module &module;
  llvm::LLVMContext &context;
};

llvm::GlobalVariable *DescriptorBuilder::makeGlobal(Constant *value, const llvm::Twine &name, bool isExported) {
  auto linkage = isExported ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::PrivateLinkage;
  return new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true, linkage, value, name);
}

Constant *DescriptorBuilder::array(llvm::ArrayRef<Constant *> elements, const llvm::Twine &name) {
  if (elements.empty())
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0));
  auto type = llvm::ArrayType::get(elements.front()->getType(), elements.size());
  return makeGlobal(llvm::ConstantArray::get(type, elements), name, false);
}

Constant *DescriptorBuilder::getFunction(StringRef name) {
  if (llvm::Function *function = module.getFunction(name))
    return function;
  auto type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), llvm::PointerType::get(context, 0), false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return function;
}

int32_t getDtype(Type type) {
  if (type.isF32())
    return NNC_F32;
  if (type.isF64())
    return NNC_F64;
  return type.isInteger(32) ? NNC_I32 : NNC_I64;
}

Constant *DescriptorBuilder::makeTensor(StringRef name, RankedTensorType type, int64_t offset) {
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape.resize(NNC_MAX_RANK, 0);
  llvm::SmallVector<uint64_t> extents(shape.begin(), shape.end());
  return ConstantStruct::getAnon({string(name), int32(getDtype(type.getElementType())), int32(type.getRank()),
                                  llvm::ConstantDataArray::get(context, extents), int64(offset)});
}

Constant *DescriptorBuilder::makeVariable(const ProgramVariable &variable) {
  return ConstantStruct::getAnon(
      {makeTensor(variable.name, variable.type, variable.offset), int32(variable.role), int32(variable.trainable)});
}

Constant *DescriptorBuilder::makeInput(const ProgramTensor &input) {
  auto [least, greatest] = input.range.value_or(std::pair<int64_t, int64_t>(0, 0));
  return ConstantStruct::getAnon({makeTensor(input.name, input.type, input.offset), int32(input.role),
                                  int32(input.range.has_value()), int64(least), int64(greatest),
                                  real(input.defaultValue)});
}

Constant *DescriptorBuilder::makeOutput(const ProgramTensor &output) {
  // C pads the struct to a multiple of eight bytes; so does LLVM, as the tensor's alignment asks for it.
  return ConstantStruct::getAnon({makeTensor(output.name, output.type, output.offset), int32(output.role)});
}

Constant *DescriptorBuilder::makeSpans(llvm::ArrayRef<ByteSpan> spans) {
  llvm::SmallVector<Constant *> elements;
  for (const ByteSpan &span : spans)
    elements.push_back(ConstantStruct::getAnon({int64(span.offset), int64(span.bytes)}));
  return array(elements, "nnc.spans");
}

Constant *DescriptorBuilder::makeKernel(const ProgramKernel &kernel) {
  return ConstantStruct::getAnon({string(kernel.name), string(kernel.layer), string(kernel.stage),
                                  string(kernel.location), int64(kernel.tasks), int64(kernel.flops),
                                  int64(kernel.bytes), int64(kernel.tensorFlops)});
}

Constant *DescriptorBuilder::makeLaunch(const ProgramLaunch &launch) {
  return ConstantStruct::getAnon(
      {string(launch.kernel), int64(launch.blocks), int64(launch.threads), int64(launch.sharedBytes),
       int64(launch.isCooperative), int64(launch.arguments.size()), makeNumbers(launch.arguments, "nnc.arguments"),
       launch.product ? makeNumbers(getNumbers(*launch.product), "nnc.product") : makeNumbers({}, "nnc.product")});
}

Constant *DescriptorBuilder::makeEntry(const ProgramEntry &entry) {
  llvm::SmallVector<Constant *> inputs, outputs, kernels, launches;
  for (const ProgramTensor &input : entry.inputs)
    inputs.push_back(makeInput(input));
  for (const ProgramTensor &output : entry.outputs)
    outputs.push_back(makeOutput(output));
  for (const ProgramKernel &kernel : entry.kernels)
    kernels.push_back(makeKernel(kernel));
  for (const ProgramLaunch &launch : entry.launches)
    launches.push_back(makeLaunch(launch));
  Constant *run =
      entry.isOnDevice ? llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0)) : getFunction(entry.name);
  llvm::SmallVector<ByteSpan> arena = getPlannedSpans(entry.plan, PlannedArea::arena),
                              worker = getPlannedSpans(entry.plan, PlannedArea::worker);
  return ConstantStruct::getAnon(
      {string(entry.name), string(entry.symbol), int32(entry.kind), int32(entry.precision), int64(entry.batch),
       int64(inputs.size()), array(inputs, "nnc.inputs"), int64(outputs.size()), array(outputs, "nnc.outputs"), run,
       int64(arena.size()), makeSpans(arena), int64(worker.size()), makeSpans(worker), int64(kernels.size()),
       array(kernels, "nnc.kernels"), int64(launches.size()), array(launches, "nnc.launches")});
}

Constant *DescriptorBuilder::makeImage(StringRef image) {
  if (image.empty())
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0));
  llvm::GlobalVariable *global =
      makeGlobal(llvm::ConstantDataArray::getString(context, image, /*AddNull=*/false), "nnc.image", false);
  // The driver reads whole words of it.
  global->setAlignment(llvm::Align(16));
  return global;
}

Constant *DescriptorBuilder::makeProgram(const Program &program, const TargetOptions &options, StringRef target) {
  llvm::SmallVector<Constant *> variables, entries;
  for (const ProgramVariable &variable : program.variables)
    variables.push_back(makeVariable(variable));
  for (const ProgramEntry &entry : program.entries)
    entries.push_back(makeEntry(entry));
  return ConstantStruct::getAnon(
      {int32(NNC_ABI_VERSION), int32(0), string(options.name), string(target), string("nnc " NNC_VERSION),
       int64(program.arenaBytes), int64(program.stateBytes), int64(program.workerBytes), int64(variables.size()),
       array(variables, "nnc.variables"), int64(entries.size()), array(entries, "nnc.entries"),
       int64(program.image.size()), makeImage(program.image)});
}

} // namespace

void nn::addDescriptor(llvm::Module &module, const Program &program, const TargetOptions &options, StringRef target) {
  DescriptorBuilder builder(module);
  builder.makeGlobal(builder.makeProgram(program, options, target), options.symbol, /*isExported=*/true);
}
