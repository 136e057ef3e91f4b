// A program with its arena: what runs entries and reads and writes their tensors.
#pragma once
#include "core/Arena.h"
#include "core/Error.h"
#include "core/Parallel.h"
#include "core/Profile.h"
#include "core/Program.h"
#include <memory>
#include <optional>
#include <vector>

namespace nnc {

struct SessionOptions {
  int threads = 0; // 0: as many as there are processors
  ArenaOptions arena;
};

class Session {
public:
  Session(std::shared_ptr<const nnc_program> program, const SessionOptions &options = {});
  /// Of the same program, with the same seed and learning rate, and an arena of its own in which nothing is set.
  Session(const Session &other, const SessionOptions &options);

  const nnc_program &program() const { return *descriptor; }
  int threads() const { return workers.count(); }
  const Arena &memory() const { return arena; }

  void *at(const nnc_tensor &tensor) const { return arena.data() + tensor.offset; }
  /// A scalar of f32 or f64.
  double readScalar(const nnc_tensor &tensor) const;

  /// Has the runs of entries recorded from now on; `value` must outlive them. Null: not.
  void setProfile(Profile *value) { profile = value; }

  /// Runs an entry whose inputs have been written.
  void run(const nnc_entry &entry);

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
  Profile *profile = nullptr;
  int64_t seed = 0;
  std::optional<double> learningRate;
  std::vector<double> classWeights;
};

} // namespace nnc
