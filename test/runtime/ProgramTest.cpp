// What a descriptor must hold to be believed, and how its parts are found.
#include "core/Program.h"
#include "Support.h"
#include <functional>
#include <vector>

using namespace nnc;
using namespace nnc::test;

namespace {

/// A copy of the token program that a test may spoil.
struct Copy {
  std::vector<nnc_variable> variables;
  std::vector<nnc_entry> entries;
  std::vector<nnc_input> inputs;
  std::vector<nnc_output> outputs;
  nnc_program program = nnc_program_tokens;

  Copy() {
    auto all = variablesOf(program);
    variables.assign(all.begin(), all.end());
    auto each = entriesOf(program);
    entries.assign(each.begin(), each.end());
    const nnc_entry &train = entries[1];
    inputs.assign(train.inputs, train.inputs + train.input_count);
    outputs.assign(train.outputs, train.outputs + train.output_count);
    entries[1].inputs = inputs.data();
    entries[1].outputs = outputs.data();
    program.variables = variables.data();
    program.entries = entries.data();
  }
  std::string error() const {
    return errorOf([&] { validateProgram(program, "copy"); });
  }
};

#define EXPECT_INVALID(change, part)                                                                                   \
  do {                                                                                                                 \
    Copy copy;                                                                                                         \
    change;                                                                                                            \
    EXPECT_NE(copy.error().find(part), std::string::npos) << copy.error();                                             \
  } while (false)

TEST(Program, AcceptsWhatIsWellFormed) { EXPECT_EQ(Copy().error(), "(no error)"); }

TEST(Program, RefusesAnotherAbi) { EXPECT_INVALID(copy.program.abi_version = 99, "version 99 of the program ABI"); }

TEST(Program, RefusesWhatLiesOutsideTheArena) {
  EXPECT_INVALID(copy.variables[0].tensor.offset = copy.program.state_bytes, "outside its arena: variable classifier");
  EXPECT_INVALID(copy.variables[0].tensor.offset = -64, "outside its arena");
  EXPECT_INVALID(copy.variables[0].tensor.offset = 4, "outside its arena");
  EXPECT_INVALID(copy.variables[0].tensor.shape[0] = INT64_MAX, "impossible shape");
  EXPECT_INVALID(copy.inputs[0].tensor.offset = copy.program.arena_bytes, "outside its arena: fit.train.tokens");
  EXPECT_INVALID(copy.program.arena_bytes = copy.program.state_bytes - 64, "impossible sizes");
}

TEST(Program, RefusesImpossibleTensors) {
  EXPECT_INVALID(copy.variables[0].tensor.rank = 9, "rank 9");
  EXPECT_INVALID(copy.variables[0].tensor.dtype = 7, "unknown dtype 7");
  EXPECT_INVALID(copy.variables[1].tensor.name = copy.variables[0].tensor.name, "two variables named");
  EXPECT_INVALID(copy.variables[1].tensor.name = nullptr, "without a name");
  EXPECT_INVALID(copy.program.variable_count = -1, "-1 variables");
}

TEST(Program, RefusesEntriesOfAnotherForm) {
  EXPECT_INVALID(copy.entries[1].run = nullptr, "without a name or code");
  EXPECT_INVALID(copy.entries[1].kind = 9, "unknown kind 9");
  EXPECT_INVALID(copy.entries[1].precision = 3, "products of unknown precision 3");
  EXPECT_INVALID(copy.entries[1].batch = 5, "dimension 0 is not the batch 5");
  EXPECT_INVALID(copy.inputs[2].tensor.dtype = NNC_I32, "not as tensor<i64>");
  EXPECT_INVALID(copy.inputs[0].range_max = -1, "impossible range");
  EXPECT_INVALID(copy.outputs[0].tensor.rank = 1, "gives fit.train.loss as");
}

TEST(Program, RefusesImpossiblePlans) {
  const nnc_span outside[] = {{nnc_program_tokens.arena_bytes - 4, 8}};
  const nnc_span inState[] = {{0, 64}};
  const nnc_span twice[] = {{nnc_program_tokens.state_bytes, 64}, {nnc_program_tokens.state_bytes + 60, 8}};
  const nnc_span huge[] = {{INT64_MAX, INT64_MAX}};
  auto plan = [](Copy &copy, std::span<const nnc_span> spans) {
    copy.entries[1].arena_spans = spans.data();
    copy.entries[1].arena_span_count = static_cast<int64_t>(spans.size());
  };
  EXPECT_INVALID(plan(copy, outside), "plans bytes outside its arena, out of order or twice: fit.train, 8 at");
  EXPECT_INVALID(plan(copy, inState), "plans bytes outside");
  EXPECT_INVALID(plan(copy, twice), "out of order or twice");
  EXPECT_INVALID(plan(copy, huge), "plans bytes outside");
  EXPECT_INVALID(copy.entries[1].worker_spans = outside, "plans bytes outside");
  EXPECT_INVALID(copy.entries[1].arena_spans = nullptr, "planned spans of fit.train");
  EXPECT_INVALID(copy.entries[1].worker_span_count = -1, "-1 planned spans of scratch");
}

TEST(Program, RefusesKernelsOfAnotherForm) {
  nnc_kernel kernels[] = {{"a", "", "", "", 1, 0, 0}, {"b", "", "", "", 1, 0, 0}};
  auto give = [&](Copy &copy) {
    copy.entries[1].kernel_count = 2;
    copy.entries[1].kernels = kernels;
  };
  EXPECT_INVALID(give(copy), "(no error)");
  EXPECT_INVALID(give(copy); copy.entries[1].kernel_count = -1, "-1 kernels of fit.train");
  EXPECT_INVALID(give(copy); copy.entries[1].kernels = nullptr, "2 kernels of fit.train");
  kernels[1].name = "a";
  EXPECT_INVALID(give(copy), "two kernels named fit.train.a");
  kernels[1] = {"b", nullptr, "", "", 1, 0, 0};
  EXPECT_INVALID(give(copy), "a kernel without a name in fit.train");
  kernels[1] = {"b", "", "", "", 1, -1, 0};
  EXPECT_INVALID(give(copy), "a kernel of impossible size: fit.train.b");
}

TEST(Program, RefusesLaunchesOfAnotherForm) {
  const int64_t arguments[] = {1, 2};
  nnc_launch launches[] = {{"a", 1, 1, 0, 0, 0, nullptr, nullptr},
                           {"b", INT32_MAX, 1024, 232448, 1, 2, arguments, nullptr}};
  auto give = [&](Copy &copy) {
    copy.program.target = "cuda";
    copy.program.image = launches;
    copy.program.image_bytes = sizeof(launches);
    copy.entries[1].run = nullptr;
    copy.entries[1].launch_count = 2;
    copy.entries[1].launches = launches;
  };
  EXPECT_INVALID(give(copy), "(no error)");
  EXPECT_INVALID(give(copy); copy.program.image = nullptr, "an image of 128 bytes that is not there");
  EXPECT_INVALID(give(copy); copy.program.image_bytes = 0, "an image of 0 bytes");
  EXPECT_INVALID(give(copy); copy.program.image_bytes = -1, "an image of -1 bytes");
  EXPECT_INVALID(give(copy); copy.program.target = "vulkan",
                             "kernels for a device of a kind that this runtime does not know: vulkan");
  EXPECT_INVALID(give(copy); copy.program.image = nullptr;
                 copy.program.image_bytes = 0, "no image of the kernels that fit.train launches");
  EXPECT_INVALID(give(copy); copy.entries[1].run = copy.entries[2].run, "an entry for both host and device: fit.train");
  EXPECT_INVALID(give(copy); copy.entries[1].launch_count = 0, "an entry without a name or code");
  EXPECT_INVALID(give(copy); copy.entries[1].launch_count = -1, "-1 launches of fit.train");
  EXPECT_INVALID(give(copy); copy.entries[1].launches = nullptr, "2 launches of fit.train");
  EXPECT_INVALID(give(copy); copy.entries[0].run = nullptr; copy.entries[0].launch_count = 2;
                 copy.entries[0].launches = launches, "an init entry for a device: init");
  const nnc_kernel kernel = {"a", "", "", "", 1, 0, 0};
  EXPECT_INVALID(give(copy); copy.entries[1].kernel_count = 1;
                 copy.entries[1].kernels = &kernel, "describes 1 kernels of fit.train, which launches 2");

  auto refuses = [&](const nnc_launch &launch, const std::string &part) {
    launches[0] = launch;
    EXPECT_INVALID(give(copy), part);
  };
  refuses({nullptr, 1, 1, 0, 0, 0, nullptr, nullptr}, "a launch without a kernel in fit.train");
  refuses({"", 1, 1, 0, 0, 0, nullptr, nullptr}, "a launch without a kernel in fit.train");
  refuses({"a", 0, 1, 0, 0, 0, nullptr, nullptr}, "launches fit.train.a with 0 blocks, not with 1 to 2147483647");
  refuses({"a", int64_t(1) << 31, 1, 0, 0, 0, nullptr, nullptr}, "with 2147483648 blocks");
  refuses({"a", 1, 0, 0, 0, 0, nullptr, nullptr}, "with 0 threads a block, not with 1 to 1024");
  refuses({"a", 1, 1025, 0, 0, 0, nullptr, nullptr}, "with 1025 threads a block");
  refuses({"a", 1, 1, -1, 0, 0, nullptr, nullptr}, "with -1 bytes of shared memory a block, not with 0 to 232448");
  refuses({"a", 1, 1, 232449, 0, 0, nullptr, nullptr}, "with 232449 bytes of shared memory a block");
  refuses({"a", 1, 1, 0, 0, -1, arguments, nullptr}, "with -1 arguments, not with 0 to 4094");
  refuses({"a", 1, 1, 0, 0, 4095, arguments, nullptr}, "with 4095 arguments");
  refuses({"a", 1, 1, 0, 0, 1, nullptr, nullptr}, "a launch whose arguments are not there: fit.train.a");
}

TEST(Program, RefusesProductsOfAnotherForm) {
  // Two of 4 x 8 times 8 x 4, within the first kilobytes; both factors have gaps between their rows or columns.
  const nnc_product good = {.dtype = NNC_F32,
                            .precision = NNC_PRECISION_TF32,
                            .batches = 2,
                            .rows = 4,
                            .columns = 4,
                            .terms = 8,
                            .a = {0, 9, 36, 0},
                            .b = {0, 9, 36, 1},
                            .d = {0, 4, 16, 0},
                            .accumulates = 0,
                            .bias = -1,
                            .relu = 0,
                            .workspace = 0,
                            .workspace_bytes = 0};
  nnc_product product = good;
  nnc_launch launch = {"a", 1, 1, 0, 0, 0, nullptr, &product};
  auto refuses = [&](const std::function<void(int64_t)> &change, const std::string &part) {
    EXPECT_INVALID(copy.program.target = "cuda"; copy.program.image = &launch;
                   copy.program.image_bytes = sizeof(launch); copy.entries[1].run = nullptr;
                   copy.entries[1].launch_count = 1; copy.entries[1].launches = &launch; product = good;
                   change(copy.program.arena_bytes), part);
  };
  refuses([](int64_t) {}, "(no error)");
  // The last elements: of a at 36 + 3 * 9 + 8, of d at 16 + 3 * 4 + 4.
  refuses([&](int64_t bytes) { product.a.offset = bytes - 71 * 4; }, "(no error)");
  refuses([&](int64_t bytes) { product.a.offset = bytes - 70 * 4; }, "a product of a matrix outside its arena");
  refuses([&](int64_t bytes) { product.b.offset = bytes - 70 * 4; }, "a product of a matrix outside its arena");
  refuses([&](int64_t bytes) { product.d.offset = bytes - 32 * 4; }, "(no error)");
  refuses([&](int64_t bytes) { product.d.offset = bytes - 31 * 4; }, "a product of a matrix outside its arena");
  refuses([&](int64_t) { product.a.offset = -4; }, "a product of a matrix outside its arena");
  refuses([&](int64_t) { product.a.offset = 2; }, "a product of a matrix outside its arena");
  refuses([&](int64_t) { product.a.leading = 7; }, "a product of a matrix whose rows overlap: fit.train.a");
  refuses([&](int64_t) { product.a.leading = INT64_MAX; }, "whose rows overlap");
  refuses([&](int64_t) { product.a.batch_stride = -1; }, "whose rows overlap");
  refuses([&](int64_t) { product.d.batch_stride = NNC_MAX_BYTES; }, "a product of a matrix outside its arena");
  refuses([&](int64_t) { product.d = {0, 4, 16, 1}; }, "a product whose columns lie one after the other");
  refuses([&](int64_t bytes) { product.bias = bytes - 12; }, "a product whose bias is outside its arena");
  refuses([&](int64_t) { product.bias = -2; }, "a product whose bias is outside its arena");
  refuses([&](int64_t bytes) { product.workspace_bytes = bytes + 1; }, "a product whose workspace is outside");
  refuses([&](int64_t) { product.workspace = 64; }, "or not where the library can use it: fit.train.a");
  refuses([&](int64_t) { product.workspace_bytes = -1; }, "a product whose workspace is outside");
  refuses([&](int64_t) { product.rows = 0; }, "a product of impossible shape: fit.train.a");
  refuses([&](int64_t) { product.terms = int64_t(1) << 31; }, "a product of impossible shape");
  refuses([&](int64_t) { product.dtype = NNC_I32; }, "a product of unknown dtype 2");
  refuses([&](int64_t) { product.precision = 3; }, "a product of unknown precision 3");
}

TEST(Program, FindsEntriesBySymbol) {
  EXPECT_EQ(requireEntry(nnc_program_tokens, NNC_TRAIN, "").name, std::string("fit.train"));
  EXPECT_EQ(requireEntry(nnc_program_tokens, NNC_TRAIN, "fit").name, std::string("fit.train"));
  EXPECT_ERROR(requireEntry(nnc_program_tokens, NNC_TRAIN, "gan"), "no train entry for 'gan', only for 'fit'");
  EXPECT_ERROR(requireEntry(nnc_program_linear, NNC_EVALUATE, ""), "'linear' has no evaluate entry");
}

TEST(Program, AsksWhichOfSeveralEntries) {
  Copy copy;
  copy.entries.push_back(copy.entries[1]);
  copy.entries.back().name = "distil.train";
  copy.entries.back().symbol = "distil";
  copy.program.entries = copy.entries.data();
  copy.program.entry_count = static_cast<int64_t>(copy.entries.size());
  EXPECT_ERROR(requireEntry(copy.program, NNC_TRAIN, ""), "choose one of 'fit', 'distil'");
}

TEST(Program, RefusesFilesThatAreNone) {
  TempFolder folder;
  EXPECT_ERROR(openProgram(folder / "none.so"), "none.so: no such file");
  EXPECT_ERROR(openProgram(folder.write("text.so", "not an object")), "cannot load the compiled program");
}

TEST(Tensor, CountsWithoutOverflow) {
  int64_t huge[] = {int64_t(1) << 40, int64_t(1) << 40};
  int64_t empty[] = {5, 0, 7};
  EXPECT_EQ(elementCount(huge), -1);
  EXPECT_EQ(elementCount(empty), 0);
}

} // namespace
