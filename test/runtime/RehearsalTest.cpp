// Rehearsals of programs whose plan is right, and of programs whose plan, or code, is wrong in one place.
#include "core/Rehearsal.h"
#include "Support.h"
#include <cstring>
#include <vector>

using namespace nnc;
using namespace nnc::test;

namespace {

constexpr int kWorkers = 3;

/// Inputs that are all zero, all of them valid.
void writeZeros(Session &session, const nnc_entry &entry) {
  for (const nnc_input &input : inputsOf(entry))
    if (input.role == NNC_DATA)
      std::memset(session.inputAt(entry, input.tensor), 0, byteCount(input.tensor));
  session.writeControls(entry, entry.batch);
}

TouchedBytes rehearseOn(const nnc_program &program, const nnc_entry &entry) {
  Session prepared({std::shared_ptr<void>(), &program});
  prepared.initialize(1);
  return rehearse(prepared, entry, kWorkers, [&](Session &session) { writeZeros(session, entry); });
}

int64_t countPlanned(std::span<const nnc_span> spans) {
  int64_t bytes = 0;
  for (const nnc_span &span : spans)
    bytes += span.bytes;
  return bytes;
}

TEST(Rehearsal, CountsWhatIsTouched) {
  for (const nnc_program *program : {&nnc_program_linear, &nnc_program_tokens})
    for (const nnc_entry &entry : entriesOf(*program)) {
      int64_t arena = countPlanned(arenaSpansOf(entry));
      if (entry.kind == NNC_INIT)
        for (const nnc_variable &variable : variablesOf(*program))
          arena += byteCount(variable.tensor);
      TouchedBytes touched = rehearseOn(*program, entry);
      EXPECT_EQ(touched.arena, arena) << entry.name;
      EXPECT_EQ(touched.scratch, countPlanned(workerSpansOf(entry))) << entry.name;
    }
}

/// The training entry of a program with another plan or other code, and what its rehearsal says.
struct Variant {
  nnc_program program;
  nnc_entry entry;
  std::vector<nnc_span> arena, worker;

  explicit Variant(const nnc_program &original) : program(original), entry(original.entries[1]) {
    auto arenaSpans = arenaSpansOf(entry), workerSpans = workerSpansOf(entry);
    arena.assign(arenaSpans.begin(), arenaSpans.end());
    worker.assign(workerSpans.begin(), workerSpans.end());
  }

  std::string error() {
    entry.arena_spans = arena.data();
    entry.arena_span_count = static_cast<int64_t>(arena.size());
    entry.worker_spans = worker.data();
    entry.worker_span_count = static_cast<int64_t>(worker.size());
    return errorOf([&] { rehearseOn(program, entry); });
  }
};

#define EXPECT_DIFFERENCE(variant, part)                                                                               \
  do {                                                                                                                 \
    std::string text = (variant).error();                                                                              \
    EXPECT_NE(text.find(part), std::string::npos) << "the error is: " << text;                                         \
  } while (false)

TEST(Rehearsal, TellsPlannedBytesThatAreNotTouched) {
  Variant variant(nnc_program_linear);
  variant.arena[1].bytes += 4; // y has 32 bytes at 256
  EXPECT_DIFFERENCE(variant, "fit.train does not keep to its plan: planned, but not touched: 4 bytes of the arena, the "
                             "first at byte 288 (nearest tensor with a name: 'y', bytes 256 to 288)");
  Variant scratch(nnc_program_tokens);
  scratch.worker[0].bytes += 1;
  EXPECT_DIFFERENCE(scratch, "planned, but not touched: 1 byte of a worker's scratch, the first at byte 12");
}

TEST(Rehearsal, TellsTouchedBytesThatAreNotPlanned) {
  Variant variant(nnc_program_linear);
  variant.arena.pop_back(); // of the predictions, which are a temporary to training
  EXPECT_DIFFERENCE(variant, "fit.train does not keep to its plan: touched, but not planned: 32 bytes of the arena, "
                             "the first at byte 576");
  Variant moved(nnc_program_linear);
  moved.arena[1].offset += 8;
  EXPECT_DIFFERENCE(moved, "not touched: 8 bytes of the arena, the first at byte 288");
  EXPECT_DIFFERENCE(moved, "; touched, but not planned: 8 bytes of the arena, the first at byte 256");
  Variant scratch(nnc_program_tokens);
  scratch.worker.clear();
  EXPECT_DIFFERENCE(scratch, "touched, but not planned: 12 bytes of a worker's scratch, the first at byte 0");
}

TEST(Rehearsal, TellsBytesBetweenVariables) {
  Variant variant(nnc_program_linear);
  variant.entry.run = [](void *arena) {
    nnc_program_linear.entries[1].run(arena);
    static_cast<char *>(arena)[12] = 1;
  };
  EXPECT_DIFFERENCE(variant, "not planned: 1 byte of the arena, the first at byte 12 (nearest tensor with a name: "
                             "'line.dense.kernel', bytes 0 to 8)");
}

TEST(Rehearsal, TellsAccessesBeyondTheArena) {
  Variant variant(nnc_program_linear);
  variant.entry.run = [](void *arena) { static_cast<volatile char *>(arena)[-1] = 1; };
  EXPECT_DIFFERENCE(variant, "beyond its memory of 640 bytes, the workers' scratch included: 1 byte before its start");
  variant.entry.run = [](void *arena) { static_cast<volatile char *>(arena)[640] = 1; };
  EXPECT_DIFFERENCE(variant, "the workers' scratch included: at byte 640");
  variant.entry.run = [](void *) { *reinterpret_cast<volatile char *>(64) = 1; };
  EXPECT_DIFFERENCE(variant, "far outside of it");
}

TEST(Rehearsal, TellsResultsOfWhatTheArenaHeldBefore) {
  Variant variant(nnc_program_linear);
  variant.entry.run = [](void *arena) {
    float before = static_cast<float *>(arena)[576 / 4];
    nnc_program_linear.entries[1].run(arena);
    static_cast<float *>(arena)[0] += before; // a kernel, at byte 0
  };
  EXPECT_DIFFERENCE(variant, "fit.train does not keep to its plan: 'line.dense.kernel' depends on what the arena held "
                             "before");
}

} // namespace
