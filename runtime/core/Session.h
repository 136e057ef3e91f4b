// A program with its arena: what runs entries and reads and writes their tensors.
#pragma once
#include "core/Arena.h"
#include "core/Error.h"
#include "core/Parallel.h"
#include "core/Profile.h"
#include "core/Program.h"
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace nnc {

class Device;
class Gpu;

struct SessionOptions {
  int threads = 0; // 0: as many as there are processors
  ArenaOptions arena;
};

/// Where entries of the program run on a GPU, the session has an arena there too. Its own then holds outputs, and the
/// variables while the host has to do with them.
class Session {
public:
  /// Throws an Error where the program needs a GPU and there is none, or none with enough memory.
  Session(std::shared_ptr<const nnc_program> program, const SessionOptions &options = {});
  /// Of the same program, with the same seed and learning rate, and an arena of its own in which nothing is set.
  Session(const Session &other, const SessionOptions &options);
  Session(Session &&other) noexcept;
  ~Session();

  const nnc_program &program() const { return *descriptor; }
  int threads() const { return workers.count(); }
  const Arena &memory() const { return arena; }

  /// Null where the program runs on the host alone.
  const Gpu *gpu() const;
  /// What entries run on: `2 threads`, or the GPU's name.
  std::string place() const;
  /// What becomes of the products that a program has cuBLASLt do, as a sentence; empty where it has none.
  const std::string &libraryNote() const;

  /// An output of an entry, once it has run.
  const void *at(const nnc_tensor &output) const { return arena.data() + output.offset; }
  /// Where an entry's input is written for its next run.
  void *inputAt(const nnc_entry &entry, const nnc_tensor &input);
  /// The elements of a variable, as the last run has left them; until the next run.
  const void *read(const nnc_variable &variable) const;
  /// The same, for elements of it to be changed.
  void *write(const nnc_variable &variable);
  /// A scalar of f32 or f64.
  double readScalar(const nnc_tensor &tensor) const;

  /// Has the runs of entries recorded from now on; `value` must outlive them. Null: not.
  void setProfile(Profile *value) { profile = value; }

  /// Runs an entry whose inputs have been written. On a GPU, `meanwhile` writes those of the entry's next run while it
  /// runs; true where it did, which it does not on the host, nor where the GPU has no memory left or the run is
  /// recorded.
  bool run(const nnc_entry &entry, const std::function<void()> &meanwhile = nullptr);

  /// Runs the init entry, which sets every variable.
  void initialize(int64_t seed);

  /// What `seed` inputs get; the model's random layers draw from it.
  void setSeed(int64_t value) { seed = value; }
  /// What `learning_rate` inputs get; without a value, the model file's.
  void setLearningRate(std::optional<double> value) { learningRate = value; }
  /// What `class_weights` inputs get, one a class; empty: each is 1.
  void setClassWeights(std::vector<double> value) { classWeights = std::move(value); }

  /// Writes the inputs that are not data: the number of valid samples, the learning rate, the seed,
  /// the weights of classes.
  void writeControls(const nnc_entry &entry, int64_t valid);

private:
  std::shared_ptr<const nnc_program> descriptor;
  Workers workers;
  Arena arena;
  std::unique_ptr<Device> device; // null where the program runs on the host alone
  Profile *profile = nullptr;
  int64_t seed = 0;
  std::optional<double> learningRate;
  std::vector<double> classWeights;
};

} // namespace nnc
