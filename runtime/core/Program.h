// A compiled program: opened from a shared object, checked before anything in it is believed, and looked things up in.
#pragma once
#include "core/Tensor.h"
#include "nnc/program.h"
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nnc {

/// Checks every count, offset, rank and role of a descriptor; throws an Error that names `where`.
void validateProgram(const nnc_program &program, const std::string &where);

/// Opens a shared object and returns the one `nnc_program*` it exports, validated. The object stays loaded as long as
/// the pointer lives.
std::shared_ptr<const nnc_program> openProgram(const std::string &path);

inline std::span<const nnc_variable> variablesOf(const nnc_program &program) {
  return {program.variables, static_cast<size_t>(program.variable_count)};
}
inline std::span<const nnc_entry> entriesOf(const nnc_program &program) {
  return {program.entries, static_cast<size_t>(program.entry_count)};
}
inline std::span<const nnc_input> inputsOf(const nnc_entry &entry) {
  return {entry.inputs, static_cast<size_t>(entry.input_count)};
}
inline std::span<const nnc_output> outputsOf(const nnc_entry &entry) {
  return {entry.outputs, static_cast<size_t>(entry.output_count)};
}

inline std::span<const nnc_span> arenaSpansOf(const nnc_entry &entry) {
  return {entry.arena_spans, static_cast<size_t>(entry.arena_span_count)};
}
inline std::span<const nnc_span> workerSpansOf(const nnc_entry &entry) {
  return {entry.worker_spans, static_cast<size_t>(entry.worker_span_count)};
}
inline std::span<const nnc_kernel> kernelsOf(const nnc_entry &entry) {
  return {entry.kernels, static_cast<size_t>(entry.kernel_count)};
}
inline std::span<const nnc_launch> launchesOf(const nnc_entry &entry) {
  return {entry.launches, static_cast<size_t>(entry.launch_count)};
}

/// Calls `action(output)` for each loss, then for each metric of any kind, in their order.
template <typename Action> void forEachResult(const nnc_entry &entry, Action action) {
  for (bool wantsLoss : {true, false})
    for (const nnc_output &output : outputsOf(entry))
      if (output.role != NNC_PREDICTION && output.role != NNC_GRADIENT && (output.role == NNC_LOSS) == wantsLoss)
        action(output);
}

inline bool runsOnDevice(const nnc_entry &entry) { return entry.launch_count > 0; }
/// Whether some entry does.
bool usesDevice(const nnc_program &program);

const nnc_variable *findVariable(const nnc_program &program, std::string_view name);
const nnc_input *findInput(const nnc_entry &entry, nnc_input_role role);
const nnc_input *findInput(const nnc_entry &entry, std::string_view name);
const nnc_output *findOutput(const nnc_entry &entry, nnc_output_role role);

/// `init`, `train`, `evaluate`, `predict` or `gradient`.
const char *entryKindName(int32_t kind);
/// `f32`, `tf32` or `bf16`, of nnc_precision.
const char *precisionName(int32_t precision);
/// What products of the program's entries are rounded to, where any are: nnc_precision.
int32_t precisionOf(const nnc_program &program);

/// The entry of this kind made of step or model `symbol`; an empty symbol takes the only one there is. Throws an Error
/// that lists what there is; `option` is what chooses one, for its message.
const nnc_entry &requireEntry(const nnc_program &program, nnc_entry_kind kind, std::string_view symbol,
                              const char *option = nullptr);
/// The same, or null where there is none.
const nnc_entry *findEntry(const nnc_program &program, nnc_entry_kind kind, std::string_view symbol);

} // namespace nnc
