// Checks of a program's descriptor, so that the rest of the runtime may believe it: ABI, counts, names, shapes, offsets
// inside the arena, and the form that each role asks for.
#include "core/Error.h"
#include "core/Program.h"
#include <set>

namespace nnc {
namespace {

/// No model has this many of anything; a larger count is a descriptor of something else.
constexpr int64_t kMaxCount = 1 << 20;

/// What a launch may ask for: CUDA's limits of a grid and a block, the shared memory that a block of compute capability
/// 9.0 can have, and 32764 bytes of parameters, the arena's address among them.
constexpr int64_t kMaxBlocks = (int64_t(1) << 31) - 1, kMaxThreads = 1024, kMaxSharedBytes = 227 << 10,
                  kMaxArguments = 32764 / 8 - 1;

class Validator {
public:
  Validator(const nnc_program &program, const std::string &where) : program(program), where(where) {}

  void run() {
    require(program.abi_version == NNC_ABI_VERSION, "was compiled for version ", program.abi_version,
            " of the program ABI, this runtime runs version ", NNC_ABI_VERSION, ": compile it again");
    require(program.name && program.target && program.compiler, "has no name");
    require(program.state_bytes >= 0 && program.arena_bytes >= program.state_bytes &&
                program.arena_bytes <= NNC_MAX_BYTES && program.worker_bytes >= 0 &&
                program.worker_bytes <= NNC_MAX_BYTES,
            "has impossible sizes: arena ", program.arena_bytes, ", state ", program.state_bytes, ", worker ",
            program.worker_bytes, " bytes");
    require(program.image_bytes >= 0 && program.image_bytes <= NNC_MAX_BYTES &&
                (program.image_bytes == 0) == (program.image == nullptr),
            "has an image of ", program.image_bytes, " bytes", program.image ? "" : " that is not there");
    require(program.image_bytes == 0 || std::string_view(program.target) == "cuda",
            "has kernels for a device of a kind that this runtime does not know: ", program.target);
    checkCount(program.variable_count, program.variables, "variables");
    checkCount(program.entry_count, program.entries, "entries");
    std::set<std::string> names;
    for (const nnc_variable &variable : variablesOf(program))
      checkVariable(variable, names);
    names.clear();
    for (const nnc_entry &entry : entriesOf(program))
      checkEntry(entry, names);
  }

private:
  template <typename... Parts> void require(bool condition, const Parts &...parts) {
    if (!condition)
      fail(where, ": not a valid compiled program: it ", parts...);
  }

  void checkCount(int64_t count, const void *items, const std::string &what) {
    require(count >= 0 && count <= kMaxCount && (count == 0 || items), "has ", count, " ", what);
  }

  void checkTensor(const nnc_tensor &tensor, const std::string &owner, int64_t limit) {
    require(tensor.name && *tensor.name, "has a tensor without a name in ", owner);
    require(dtypeBytes(tensor.dtype) > 0, "has a tensor of unknown dtype ", tensor.dtype, ": ", owner, tensor.name);
    require(tensor.rank >= 0 && tensor.rank <= NNC_MAX_RANK, "has a tensor of rank ", tensor.rank, ": ", owner,
            tensor.name);
    int64_t count = elementCount(tensor);
    require(count >= 0 && count <= NNC_MAX_BYTES, "has a tensor of impossible shape: ", owner, tensor.name);
    require(tensor.offset >= 0 && tensor.offset % NNC_ALIGNMENT == 0 && tensor.offset <= limit &&
                byteCount(tensor) <= limit - tensor.offset,
            "has a tensor outside its arena: ", owner, tensor.name, " of ", byteCount(tensor), " bytes at ",
            tensor.offset, " of ", limit);
  }

  void checkVariable(const nnc_variable &variable, std::set<std::string> &names) {
    checkTensor(variable.tensor, "variable ", program.state_bytes);
    require(names.insert(variable.tensor.name).second, "has two variables named ", variable.tensor.name);
    require(variable.role >= NNC_PARAMETER && variable.role <= NNC_COUNTER, "has a variable of unknown role ",
            variable.role, ": ", variable.tensor.name);
  }

  void checkEntry(const nnc_entry &entry, std::set<std::string> &names) {
    require(entry.name && entry.symbol && (entry.run || entry.launch_count), "has an entry without a name or code");
    require(names.insert(entry.name).second, "has two entries named ", entry.name);
    require(entry.precision >= NNC_PRECISION_F32 && entry.precision <= NNC_PRECISION_BF16,
            "has products of unknown precision ", entry.precision, ": ", entry.name);
    require(entry.kind >= NNC_INIT && entry.kind <= NNC_GRADIENTS, "has an entry of unknown kind ", entry.kind, ": ",
            entry.name);
    require(entry.batch >= 0 && entry.batch <= kMaxCount, "has an entry of batch ", entry.batch, ": ", entry.name);
    checkCount(entry.input_count, entry.inputs, concat("inputs of ", entry.name));
    checkCount(entry.output_count, entry.outputs, concat("outputs of ", entry.name));
    std::string owner = concat(entry.name, ".");
    std::set<std::string> inputs;
    for (const nnc_input &input : inputsOf(entry)) {
      checkTensor(input.tensor, owner, program.arena_bytes);
      require(inputs.insert(input.tensor.name).second, "has two inputs named ", owner, input.tensor.name);
      checkInput(entry, input, owner);
    }
    for (const nnc_output &output : outputsOf(entry)) {
      checkTensor(output.tensor, owner, program.arena_bytes);
      checkOutput(entry, output, owner);
    }
    checkCount(entry.arena_span_count, entry.arena_spans, concat("planned spans of ", entry.name));
    checkCount(entry.worker_span_count, entry.worker_spans, concat("planned spans of scratch of ", entry.name));
    checkSpans(entry, arenaSpansOf(entry), program.state_bytes, program.arena_bytes);
    checkSpans(entry, workerSpansOf(entry), 0, program.worker_bytes);
    checkKernels(entry);
    checkLaunches(entry);
  }

  void checkSpans(const nnc_entry &entry, std::span<const nnc_span> spans, int64_t start, int64_t end) {
    for (const nnc_span &span : spans) {
      require(span.bytes > 0 && span.offset >= start && span.offset <= end && span.bytes <= end - span.offset,
              "plans bytes outside its arena, out of order or twice: ", entry.name, ", ", span.bytes, " at ",
              span.offset);
      start = span.offset + span.bytes;
    }
  }

  void checkKernels(const nnc_entry &entry) {
    checkCount(entry.kernel_count, entry.kernels, concat("kernels of ", entry.name));
    std::set<std::string> names;
    for (const nnc_kernel &kernel : kernelsOf(entry)) {
      require(kernel.name && *kernel.name && kernel.layer && kernel.stage && kernel.location,
              "has a kernel without a name in ", entry.name);
      require(names.insert(kernel.name).second, "has two kernels named ", entry.name, ".", kernel.name);
      require(kernel.tasks >= 0 && kernel.flops >= 0 && kernel.bytes >= 0 && kernel.tensor_flops >= 0 &&
                  kernel.tensor_flops <= kernel.flops,
              "has a kernel of impossible size: ", entry.name, ".", kernel.name);
    }
  }

  void checkLaunches(const nnc_entry &entry) {
    checkCount(entry.launch_count, entry.launches, concat("launches of ", entry.name));
    if (entry.launch_count == 0)
      return;
    require(!entry.run, "has an entry for both host and device: ", entry.name);
    require(entry.kind != NNC_INIT, "has an init entry for a device: ", entry.name);
    require(program.image, "has no image of the kernels that ", entry.name, " launches");
    require(entry.kernel_count == 0 || entry.kernel_count == entry.launch_count, "describes ", entry.kernel_count,
            " kernels of ", entry.name, ", which launches ", entry.launch_count);
    for (const nnc_launch &launch : launchesOf(entry)) {
      require(launch.kernel && *launch.kernel, "has a launch without a kernel in ", entry.name);
      std::string owner = concat(entry.name, ".", launch.kernel);
      checkLaunchSize(owner, "blocks", launch.blocks, 1, kMaxBlocks);
      checkLaunchSize(owner, "threads a block", launch.threads, 1, kMaxThreads);
      checkLaunchSize(owner, "bytes of shared memory a block", launch.shared_bytes, 0, kMaxSharedBytes);
      checkLaunchSize(owner, "arguments", launch.argument_count, 0, kMaxArguments);
      require(launch.argument_count == 0 || launch.arguments, "has a launch whose arguments are not there: ", owner);
      if (launch.product)
        checkProduct(owner, *launch.product);
    }
  }

  void checkProduct(const std::string &owner, const nnc_product &product) {
    require(product.dtype == NNC_F32 || product.dtype == NNC_F64, "has a product of unknown dtype ", product.dtype,
            ": ", owner);
    require(product.precision >= NNC_PRECISION_F32 && product.precision <= NNC_PRECISION_BF16,
            "has a product of unknown precision ", product.precision, ": ", owner);
    for (int64_t extent : {product.batches, product.rows, product.columns, product.terms})
      require(extent >= 1 && extent <= INT32_MAX, "has a product of impossible shape: ", owner);
    checkMatrix(owner, product, product.a, product.rows, product.terms);
    checkMatrix(owner, product, product.b, product.terms, product.columns);
    checkMatrix(owner, product, product.d, product.rows, product.columns);
    require(!product.d.transposed, "has a product whose columns lie one after the other: ", owner);
    int64_t bytes = dtypeBytes(static_cast<int32_t>(product.dtype));
    require(product.bias == -1 || isInArena(product.bias, product.columns, bytes),
            "has a product whose bias is outside its arena: ", owner);
    require(product.workspace_bytes >= 0 && product.workspace % NNC_WORKSPACE_ALIGNMENT == 0 &&
                isInArena(product.workspace, product.workspace_bytes, 1),
            "has a product whose workspace is outside its arena, or not where the library can use it: ", owner);
  }

  /// Each matrix of the batch has `rows` x `columns` elements.
  void checkMatrix(const std::string &owner, const nnc_product &product, const nnc_matrix &matrix, int64_t rows,
                   int64_t columns) {
    int64_t lines = matrix.transposed ? columns : rows, length = matrix.transposed ? rows : columns;
    bool isPossible = matrix.leading >= length && matrix.leading <= NNC_MAX_BYTES && matrix.batch_stride >= 0 &&
                      matrix.batch_stride <= NNC_MAX_BYTES;
    require(isPossible, "has a product of a matrix whose rows overlap: ", owner);
    // Both are products of less than 2^31 and a size of memory.
    int64_t inBatch = (product.batches - 1) * matrix.batch_stride, inMatrix = (lines - 1) * matrix.leading;
    require(inBatch <= NNC_MAX_BYTES && inMatrix <= NNC_MAX_BYTES &&
                isInArena(matrix.offset, inBatch + inMatrix + length, dtypeBytes(static_cast<int32_t>(product.dtype))),
            "has a product of a matrix outside its arena: ", owner);
  }

  bool isInArena(int64_t offset, int64_t count, int64_t bytesEach) const {
    return offset >= 0 && offset <= program.arena_bytes && offset % bytesEach == 0 &&
           count <= (program.arena_bytes - offset) / bytesEach;
  }

  void checkLaunchSize(const std::string &owner, const char *what, int64_t size, int64_t least, int64_t most) {
    require(size >= least && size <= most, "launches ", owner, " with ", size, " ", what, ", not with ", least, " to ",
            most);
  }

  void checkInput(const nnc_entry &entry, const nnc_input &input, const std::string &owner) {
    const nnc_tensor &tensor = input.tensor;
    bool isFloat = tensor.dtype == NNC_F32 || tensor.dtype == NNC_F64;
    switch (input.role) {
    case NNC_DATA:
      require(entry.batch >= 1 && tensor.rank >= 1 && tensor.shape[0] == entry.batch,
              "has a data input whose dimension 0 is not the batch ", entry.batch, ": ", owner, tensor.name, " of ",
              typeText(tensor));
      require(!input.has_range || (!isFloat && input.range_min <= input.range_max), "has an impossible range for ",
              owner, tensor.name);
      return;
    case NNC_VALID:
    case NNC_SEED:
      require(tensor.rank == 0 && tensor.dtype == NNC_I64, "takes ", owner, tensor.name, " as ", typeText(tensor),
              ", not as tensor<i64>");
      return;
    case NNC_CLASS_WEIGHTS:
      require(tensor.rank == 1 && isFloat, "takes ", owner, tensor.name, " as ", typeText(tensor));
      return;
    case NNC_LEARNING_RATE:
      require(tensor.rank == 0 && isFloat, "takes ", owner, tensor.name, " as ", typeText(tensor));
      return;
    }
    require(false, "has an input of unknown role ", input.role, ": ", owner, tensor.name);
  }

  void checkOutput(const nnc_entry &entry, const nnc_output &output, const std::string &owner) {
    const nnc_tensor &tensor = output.tensor;
    bool isFloat = tensor.dtype == NNC_F32 || tensor.dtype == NNC_F64;
    switch (output.role) {
    case NNC_LOSS:
    case NNC_METRIC:
    case NNC_SCORE:
    case NNC_ERROR:
      require(tensor.rank == 0 && isFloat, "gives ", owner, tensor.name, " as ", typeText(tensor));
      return;
    case NNC_PREDICTION:
      require(tensor.rank >= 1 && tensor.shape[0] == entry.batch,
              "has a prediction whose dimension 0 is not the batch ", entry.batch, ": ", owner, tensor.name, " of ",
              typeText(tensor));
      return;
    case NNC_GRADIENT:
      return;
    }
    require(false, "has an output of unknown role ", output.role, ": ", owner, tensor.name);
  }

  const nnc_program &program;
  const std::string &where;
};

} // namespace

void validateProgram(const nnc_program &program, const std::string &where) { Validator(program, where).run(); }

} // namespace nnc
