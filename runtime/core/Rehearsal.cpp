// Rehearsal of an entry point; see Rehearsal.h. The arena claim (tools/claim_scripts/arena.py) measures the same way.
#include "core/Rehearsal.h"
#include "core/Parallel.h"
#include <algorithm>
#include <array>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <vector>

namespace nnc {
namespace {

//===-- Faults -------------------------------------------------------------===//

sigjmp_buf afterFault;
const std::byte *volatile faultAddress;

void onFault(int, siginfo_t *info, void *) {
  faultAddress = static_cast<const std::byte *>(info->si_addr);
  siglongjmp(afterFault, 1);
}

/// Catches accesses to memory that may not be touched.
class CaughtFaults {
public:
  CaughtFaults() {
    struct sigaction action{};
    action.sa_sigaction = onFault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &segment);
    sigaction(SIGBUS, &action, &bus);
  }
  ~CaughtFaults() {
    sigaction(SIGSEGV, &segment, nullptr);
    sigaction(SIGBUS, &bus, nullptr);
  }

private:
  struct sigaction segment{}, bus{};
};

/// Whether the entry came to its end. A fault leaves its frames, and those of the parallel loop, none of which has
/// anything to clean up.
bool runToEnd(const nnc_entry &entry, std::byte *arena) {
  if (sigsetjmp(afterFault, 1) != 0)
    return false;
  entry.run(arena);
  return true;
}

std::string bytesText(int64_t count) { return concat(count, count == 1 ? " byte" : " bytes"); }

[[noreturn]] void failOfFault(const nnc_entry &entry, const Arena &arena) {
  constexpr int64_t kNear = 1 << 16;
  int64_t byte = faultAddress - arena.data();
  std::string place = byte < 0 && byte > -kNear                             ? bytesText(-byte) + " before its start"
                      : byte >= arena.size() && byte - arena.size() < kNear ? concat("at byte ", byte)
                                                                            : std::string("far outside of it");
  fail(entry.name, " does not keep to its plan: it reads or writes beyond its memory of ", arena.size(),
       " bytes, the workers' scratch included: ", place);
}

//===-- The plan -----------------------------------------------------------===//

enum class Planned : uint8_t { no, yes, exempt };

void mark(std::vector<Planned> &area, int64_t offset, int64_t bytes, Planned planned) {
  std::fill_n(area.begin() + offset, bytes, planned);
}

/// What the plan says of each byte of the arena. The variables hold values already where the entry is not init.
std::vector<Planned> plannedArena(const nnc_program &program, const nnc_entry &entry) {
  std::vector<Planned> area(program.arena_bytes, Planned::no);
  for (const nnc_span &span : arenaSpansOf(entry))
    mark(area, span.offset, span.bytes, Planned::yes);
  for (const nnc_variable &variable : variablesOf(program))
    mark(area, variable.tensor.offset, byteCount(variable.tensor),
         entry.kind == NNC_INIT ? Planned::yes : Planned::exempt);
  return area;
}

std::vector<Planned> plannedScratch(const nnc_program &program, const nnc_entry &entry) {
  std::vector<Planned> area(program.worker_bytes, Planned::no);
  for (const nnc_span &span : workerSpansOf(entry))
    mark(area, span.offset, span.bytes, Planned::yes);
  return area;
}

//===-- What was touched ---------------------------------------------------===//

constexpr std::array<uint8_t, 2> kPaints = {0xa5, 0x5a};
using Runs = std::array<Session, kPaints.size()>;

Session run(const Session &prepared, const nnc_entry &entry, int workers, uint8_t paint, Guard guard,
            const std::function<void(Session &)> &writeInputs) {
  SessionOptions options;
  options.threads = workers;
  options.arena = {.guard = guard, .poison = true, .pattern = paint};
  Session session(prepared, options);
  if (entry.kind != NNC_INIT)
    for (const nnc_variable &variable : variablesOf(prepared.program()))
      std::memcpy(session.write(variable), prepared.read(variable), byteCount(variable.tensor));
  writeInputs(session);
  Workers inTurns(workers, Schedule::turns);
  WorkerScope scope(inTurns);
  CaughtFaults faults;
  if (!runToEnd(entry, session.memory().data()))
    failOfFault(entry, session.memory());
  return session;
}

bool isTouched(const Runs &runs, int64_t byte) {
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i].memory().data()[byte] != std::byte(kPaints[i]))
      return true;
  return false;
}

/// Some bytes: how many, and which is the first.
struct Bytes {
  int64_t count = 0, first = 0;
  void add(int64_t byte) {
    if (count++ == 0)
      first = byte;
  }
};

/// What of an area was touched, and how that differs from its plan.
struct Comparison {
  int64_t touched = 0;
  Bytes untouched, unplanned;

  void add(int64_t byte, Planned planned, bool isTouched) {
    if (planned == Planned::exempt)
      return;
    touched += isTouched;
    if (planned == Planned::yes && !isTouched)
      untouched.add(byte);
    if (planned == Planned::no && isTouched)
      unplanned.add(byte);
  }
};

Comparison compareArena(const nnc_program &program, const nnc_entry &entry, const Runs &runs) {
  Comparison comparison;
  std::vector<Planned> plan = plannedArena(program, entry);
  for (int64_t byte = 0; byte < program.arena_bytes; ++byte)
    comparison.add(byte, plan[byte], isTouched(runs, byte));
  return comparison;
}

Comparison compareScratch(const nnc_program &program, const nnc_entry &entry, const Runs &runs) {
  Comparison comparison;
  std::vector<Planned> plan = plannedScratch(program, entry);
  for (int64_t byte = 0; byte < program.worker_bytes; ++byte) {
    bool isTouchedByAny = false;
    for (int worker = 0; worker < runs[0].threads() && !isTouchedByAny; ++worker)
      isTouchedByAny = isTouched(runs, program.arena_bytes + worker * program.worker_bytes + byte);
    comparison.add(byte, plan[byte], isTouchedByAny);
  }
  return comparison;
}

//===-- What is said of it -------------------------------------------------===//

/// The variable, input or output that lies at a byte of the arena or nearest to it.
std::string nearestTensor(const nnc_program &program, const nnc_entry &entry, int64_t byte) {
  const nnc_tensor *nearest = nullptr;
  int64_t least = 0;
  auto look = [&](const nnc_tensor &tensor) {
    int64_t end = tensor.offset + byteCount(tensor);
    int64_t distance = byte < tensor.offset ? tensor.offset - byte : byte < end ? 0 : byte - end + 1;
    if (!nearest || distance < least) {
      nearest = &tensor;
      least = distance;
    }
  };
  for (const nnc_input &input : inputsOf(entry))
    look(input.tensor);
  for (const nnc_output &output : outputsOf(entry))
    look(output.tensor);
  for (const nnc_variable &variable : variablesOf(program))
    look(variable.tensor);
  if (!nearest)
    return "";
  return concat(" (nearest tensor with a name: '", nearest->name, "', bytes ", nearest->offset, " to ",
                nearest->offset + byteCount(*nearest), ")");
}

/// `where` says what is near a byte.
template <typename Where>
void describe(std::string &text, const Comparison &comparison, const std::string &area, Where where) {
  for (const auto &[what, bytes] : {std::pair("planned, but not touched: ", &comparison.untouched),
                                    std::pair("touched, but not planned: ", &comparison.unplanned)})
    if (bytes->count)
      text += concat(text.empty() ? "" : "; ", what, bytesText(bytes->count), " of ", area, ", the first at byte ",
                     bytes->first, where(bytes->first));
}

void checkBits(const nnc_entry &entry, const nnc_tensor &tensor, const void *left, const void *right) {
  if (std::memcmp(left, right, byteCount(tensor)) != 0)
    fail(entry.name, " does not keep to its plan: '", tensor.name, "' depends on what the arena held before");
}

} // namespace

void checkRehearsable(const nnc_program &program) {
  if (usesDevice(program))
    fail("program '", program.name,
         "' is for a GPU, whose memory has no guard pages: only a program for the CPU, "
         "compiled without --target=cuda, can be rehearsed");
}

TouchedBytes rehearse(const Session &prepared, const nnc_entry &entry, int workers,
                      const std::function<void(Session &)> &writeInputs) {
  const nnc_program &program = prepared.program();
  checkRehearsable(program);
  Runs runs = {run(prepared, entry, workers, kPaints[0], Guard::atStart, writeInputs),
               run(prepared, entry, workers, kPaints[1], Guard::atEnd, writeInputs)};
  Comparison arena = compareArena(program, entry, runs), scratch = compareScratch(program, entry, runs);
  std::string differences;
  describe(differences, arena, "the arena", [&](int64_t byte) { return nearestTensor(program, entry, byte); });
  describe(differences, scratch, "a worker's scratch", [](int64_t) { return ""; });
  if (!differences.empty())
    fail(entry.name, " does not keep to its plan: ", differences);
  for (const nnc_output &output : outputsOf(entry))
    checkBits(entry, output.tensor, runs[0].at(output.tensor), runs[1].at(output.tensor));
  for (const nnc_variable &variable : variablesOf(program))
    checkBits(entry, variable.tensor, runs[0].read(variable), runs[1].read(variable));
  return {arena.touched, scratch.touched};
}

} // namespace nnc
