// A program with its arena: what runs entries and reads and writes their tensors.
#include "core/Session.h"
#include "core/Device.h"
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

void writeReal(void *target, int32_t dtype, int64_t index, double value) {
  float narrow = static_cast<float>(value);
  if (dtype == NNC_F64)
    std::memcpy(static_cast<double *>(target) + index, &value, sizeof(value));
  else
    std::memcpy(static_cast<float *>(target) + index, &narrow, sizeof(narrow));
}

int64_t arenaBytes(const nnc_program &program, int workers) {
  return program.arena_bytes + program.worker_bytes * workers;
}

} // namespace

Session::Session(std::shared_ptr<const nnc_program> program, const SessionOptions &options)
    : descriptor(std::move(program)), workers(chooseWorkers(options.threads)),
      arena(arenaBytes(*descriptor, workers.count()), options.arena) {
  if (usesDevice(*descriptor))
    device = std::make_unique<Device>(*descriptor, arena, options.arena);
}

Session::Session(const Session &other, const SessionOptions &options) : Session(other.descriptor, options) {
  seed = other.seed;
  learningRate = other.learningRate;
  classWeights = other.classWeights;
}

Session::Session(Session &&other) noexcept = default;

Session::~Session() = default;

const Gpu *Session::gpu() const { return device ? &device->gpu() : nullptr; }

std::string Session::place() const {
  return device ? device->gpu().name() : concat(threads(), threads() == 1 ? " thread" : " threads");
}

const std::string &Session::libraryNote() const {
  static const std::string none;
  return device ? device->libraryNote() : none;
}

const void *Session::read(const nnc_variable &variable) const {
  if (device)
    device->fetchVariables();
  return arena.data() + variable.tensor.offset;
}

void *Session::inputAt(const nnc_entry &entry, const nnc_tensor &input) {
  return device && runsOnDevice(entry) ? device->inputAt(entry, input) : arena.data() + input.offset;
}

void *Session::write(const nnc_variable &variable) {
  if (device) {
    device->fetchVariables();
    device->takeFromHost();
  }
  return arena.data() + variable.tensor.offset;
}

double Session::readScalar(const nnc_tensor &tensor) const {
  if (tensor.dtype == NNC_F64)
    return *static_cast<const double *>(at(tensor));
  return *static_cast<const float *>(at(tensor));
}

bool Session::run(const nnc_entry &entry, const std::function<void()> &meanwhile) {
  if (runsOnDevice(entry))
    return device->run(entry, profile, meanwhile);
  if (device && entry.kind != NNC_INIT)
    device->fetchVariables();
  WorkerScope scope(workers);
  ProfileScope recording(profile, entry);
  entry.run(arena.data());
  if (device && (entry.kind == NNC_INIT || entry.kind == NNC_TRAIN))
    device->takeFromHost();
  return false;
}

void Session::initialize(int64_t value) {
  const nnc_entry &entry = requireEntry(program(), NNC_INIT, "");
  setSeed(value);
  writeControls(entry, 0);
  run(entry);
}

void Session::writeControls(const nnc_entry &entry, int64_t valid) {
  for (const nnc_input &input : inputsOf(entry)) {
    void *target = inputAt(entry, input.tensor);
    switch (input.role) {
    case NNC_VALID:
      std::memcpy(target, &valid, sizeof(valid));
      break;
    case NNC_SEED:
      std::memcpy(target, &seed, sizeof(seed));
      break;
    case NNC_LEARNING_RATE:
      writeReal(target, input.tensor.dtype, 0, learningRate.value_or(input.default_value));
      break;
    case NNC_CLASS_WEIGHTS:
      if (!classWeights.empty() && static_cast<int64_t>(classWeights.size()) != elementCount(input.tensor))
        fail(entry.name, " takes weights of ", elementCount(input.tensor), " classes, not of ", classWeights.size());
      for (int64_t i = 0; i < elementCount(input.tensor); ++i)
        writeReal(target, input.tensor.dtype, i, classWeights.empty() ? 1 : classWeights[i]);
      break;
    }
  }
}

} // namespace nnc
