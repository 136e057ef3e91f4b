// What a report says of a model file: the one struct between the collector, which reads IR, and the writers, which know
// no IR. docs/report.md defines every number.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir::nn {

/// What estimates of time are made for.
struct Device {
  std::string name, description;
  /// f32 operations a second, bytes a second between memory and processor, bytes of memory.
  double flops = 0, bytesPerSecond = 0, memoryBytes = 0;
  /// Operations a second of tensor cores, sums in f32, by the type of factors; 0 where nobody has said.
  double tf32Flops = 0, bf16Flops = 0;
  /// Where the numbers are from.
  std::string source;
  double getTensorFlops(StringRef precision) const { return precision == "bf16" ? bf16Flops : tf32Flops; }
  /// `cpu` or `gpu`; empty where nobody has said.
  std::string kind;
};

struct LayerReport {
  /// As in its model, `lstm_1`; of a call, the model that is called.
  std::string name;
  /// As everywhere else, `classifier.lstm_1`.
  std::string path;
  std::string kind;
  /// FILE:LINE:COLUMN in the model file, or nothing.
  std::string location;
  /// Of each result, None for the batch.
  std::vector<std::string> shapes;
  int64_t trainable = 0, frozen = 0, parameterBytes = 0;
  /// All of its parameters are counted by a layer above it already.
  bool shared = false;
  /// Of one sample, forward.
  int64_t multiplyAdds = 0;
  /// Layers with weights, and all layers, on the longest path to its result.
  int64_t depth = 0, longestPath = 0;

  int64_t getParameters() const { return trainable + frozen; }
};

/// An input, a layer, an upstream op or the output of a model.
struct GraphNode {
  std::string name, kind;
  /// Its place in ModelReport::layers; -1 where it is no layer.
  int64_t layer = -1;
};

struct ModelReport {
  std::string name;
  std::vector<LayerReport> layers;
  int64_t trainable = 0, frozen = 0, parameterBytes = 0;
  int64_t multiplyAdds = 0;
  int64_t depth = 0, longestPath = 0;
  std::vector<GraphNode> nodes;
  /// From node to node.
  std::vector<std::pair<int64_t, int64_t>> edges;
};

/// The parts of a step that are told apart, in their order.
enum Stage { forward, backward, update };
constexpr size_t numStages = 3;
constexpr const char *stageNames[numStages] = {"forward", "backward", "update"};

/// What a step, a layer or a kernel does in one step.
struct Work {
  /// Of the stages forward and backward; an update has none.
  std::array<int64_t, numStages> multiplyAdds{};
  std::array<int64_t, numStages> flops{};
  int64_t bytes = 0;
  /// The least time on the device asked for.
  double seconds = 0;

  int64_t getFlops() const { return flops[forward] + flops[backward] + flops[update]; }
};

/// Bytes by what they are for.
struct Memory {
  int64_t parameters = 0, gradients = 0, optimizerState = 0;
  /// What the backward pass reads of the forward pass.
  int64_t activations = 0;
  /// The most that is alive at one time of all other temporary buffers.
  int64_t working = 0;
  /// Of each worker; on a device, shared memory of each block.
  int64_t scratch = 0;
};

/// A layer's part of a step.
struct LayerCost {
  /// Places in CostReport::models and in the model's layers; -1: what is no layer's, as the loss.
  int64_t model = -1, layer = -1;
  Work work;
  Memory memory;
  std::array<int64_t, numStages> stageBytes{};
};

struct KernelReport {
  /// Of several layers that it works for the first, and all stages, joined: `backward_update`.
  std::string name, layer, stage;
  /// What it does for each layer and stage, at least one; each once.
  struct Part {
    std::string layer, stage;
    int64_t flops = 0, bytes = 0;
  };
  std::vector<Part> parts;
  int64_t tasks = 0, flops = 0, bytes = 0, tensorFlops = 0;
  double seconds = 0;
  /// Of a launch on a device, whose blocks are the tasks: of each.
  int64_t threads = 0, sharedBytes = 0;

  bool isLaunch() const { return threads > 0; }
  bool isOfOne() const { return parts.size() == 1 && parts.front().layer == layer && parts.front().stage == stage; }
};

struct BufferReport {
  /// As the plan says: variable, input, output, temporary, scratch.
  std::string kind;
  /// What it is for: parameter, optimizer_state, counter, input, output, activation, gradient, working, scratch.
  std::string role;
  std::string name, layer, location, type;
  int64_t offset = 0, bytes = 0;
  /// Of variables, all of the step.
  int64_t first = 0, last = 0;
  /// Of scratch, the parallel loop.
  int64_t loop = -1;
};

/// An op of the step's body: the unit of buffers' times.
struct TimeReport {
  std::string layer, stage;
};

struct StepReport {
  std::string name;
  int64_t batch = 0;
  std::vector<LayerCost> layers;
  Work total;
  Memory memory;
  std::vector<KernelReport> kernels;
  std::vector<BufferReport> buffers;
  std::vector<TimeReport> times;
  /// What the plan of the step ends at, and what no plan could do without; both with the state.
  int64_t peakBytes = 0, lowerBoundBytes = 0;
  /// Parameters, optimiser state and counters, of all steps of the file.
  int64_t stateBytes = 0;
};

struct CostReport {
  std::string file;
  /// What the steps were compiled for, as --target names it.
  std::string target;
  /// How a GPU's program does products, as --matmul-precision and --cublaslt name it.
  std::string matmulPrecision, cublaslt;
  std::vector<ModelReport> models;
  std::vector<StepReport> steps;
  std::optional<Device> device;
  /// Training samples of an epoch; 0 where that was not said.
  int64_t samples = 0;

  bool isForGpu() const { return target.starts_with("cuda"); }
  /// What of that is not as it is by default: its name, and what was chosen.
  SmallVector<std::pair<StringRef, StringRef>> getProductChoices() const {
    SmallVector<std::pair<StringRef, StringRef>> choices;
    if (isForGpu() && matmulPrecision != "f32")
      choices.push_back({"matmul_precision", matmulPrecision});
    if (isForGpu() && cublaslt != "never")
      choices.push_back({"cublaslt", cublaslt});
    return choices;
  }
  std::string describeTarget() const {
    std::string text = target;
    for (auto [name, choice] : getProductChoices())
      text += (name == "cublaslt" ? ", cuBLASLt " : ", products of ") + choice.str();
    return text;
  }

  /// Steps of an epoch, the last of which may be short; only where there are samples.
  int64_t getSteps(const StepReport &step) const { return (samples - 1) / step.batch + 1; }
};

} // namespace mlir::nn
