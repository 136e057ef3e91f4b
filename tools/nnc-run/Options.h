// What the command line of nnc-run says.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nnc::run {

enum class ProgressMode { automatic, plain, json, none };

/// Samples a step where neither --batch nor a checkpoint says how many.
constexpr int64_t kDefaultBatch = 32;

struct Options {
  std::string model;
  std::string data;
  std::string checkpoint;
  int threads = 0;
  std::optional<int64_t> batch;
  std::string symbol; // of the step or model, where the file has several
  bool assertPlan = false;

  // Compilation.
  std::string march = "native";
  std::string target = "cpu";
  std::string matmulPrecision; // empty: f32
  std::string cublaslt;        // empty: never
  bool tune = false;
  bool weighsClasses = false;

  // Training.
  int64_t epochs = 10;
  std::optional<double> learningRate;
  std::optional<int64_t> seed;
  std::string validation; // a fraction or a path
  std::string test;       // a fraction or a path
  bool stratify = false;
  bool resume = false;
  std::string weights;                 // a checkpoint whose parameters a fresh run starts from
  std::vector<std::string> embeddings; // LAYER=FILE
  int64_t checkpointEvery = 0;
  std::string history;
  ProgressMode progress = ProgressMode::automatic;
  bool profile = false;
  std::string trace; // only with profile
  bool dryRun = false;
  std::optional<int64_t> memory; // only with dryRun; bytes

  // What training follows.
  std::string monitor;     // empty: val_loss
  std::string monitorMode; // min or max; empty: as the step's ops say
  bool earlyStopping = false;
  int64_t patience = 0;
  double minDelta = 0;
  bool restoreBest = false;
  std::string saveBest;

  std::string classWeight; // balanced, NAME=W,... or a path; empty: none

  // Which input and model make a step a classifier, where several could.
  std::string label;
  std::string classifier;

  // Cross-validation.
  int64_t folds = 0;

  // Evaluation.
  std::string split;
  std::string report; // text, json or csv; empty: none

  // Prediction.
  std::string text;
  int64_t top = 0;

  // What predict and encode write.
  std::string output;
};

/// Each command returns the process's exit code and throws nnc::Error.
int train(const Options &options);
int evaluate(const Options &options);
int predict(const Options &options);
int encode(const Options &options);
int describeDevice(const Options &options);
int crossValidate(const Options &options);

} // namespace nnc::run
