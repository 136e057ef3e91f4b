// A program with its arena: what runs entries and reads and writes their tensors.
#include "core/Session.h"
#include <cstring>

namespace nnc {
namespace {

/// More threads than this are a slip of the keyboard.
constexpr int kMaxThreads = 4096;

int chooseWorkers(int threads) {
  if (threads < 0 || threads > kMaxThreads)
    fail("the number of threads must lie between 1 and ", kMaxThreads, ", not ", threads);
  return threads ? threads : availableThreads();
}

int64_t arenaBytes(const nnc_program &program, int workers) {
  return program.arena_bytes + program.worker_bytes * workers;
}

} // namespace

Session::Session(std::shared_ptr<const nnc_program> program, const SessionOptions &options)
    : descriptor(std::move(program)), workers(chooseWorkers(options.threads)),
      arena(arenaBytes(*descriptor, workers.count()), options.arena) {}

Session::Session(const Session &other, const SessionOptions &options) : Session(other.descriptor, options) {
  seed = other.seed;
  learningRate = other.learningRate;
}

double Session::readScalar(const nnc_tensor &tensor) const {
  if (tensor.dtype == NNC_F64)
    return *static_cast<const double *>(at(tensor));
  return *static_cast<const float *>(at(tensor));
}

void Session::run(const nnc_entry &entry) {
  WorkerScope scope(workers);
  ProfileScope recording(profile, entry);
  entry.run(arena.data());
}

void Session::initialize(int64_t value) {
  const nnc_entry &entry = requireEntry(program(), NNC_INIT, "");
  setSeed(value);
  writeControls(entry, 0);
  run(entry);
}

void Session::writeControls(const nnc_entry &entry, int64_t valid) {
  for (const nnc_input &input : inputsOf(entry)) {
    void *target = at(input.tensor);
    switch (input.role) {
    case NNC_VALID:
      std::memcpy(target, &valid, sizeof(valid));
      break;
    case NNC_SEED:
      std::memcpy(target, &seed, sizeof(seed));
      break;
    case NNC_LEARNING_RATE: {
      double value = learningRate.value_or(input.default_value);
      float narrow = static_cast<float>(value);
      if (input.tensor.dtype == NNC_F64)
        std::memcpy(target, &value, sizeof(value));
      else
        std::memcpy(target, &narrow, sizeof(narrow));
      break;
    }
    }
  }
}

} // namespace nnc
