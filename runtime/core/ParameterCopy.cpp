// The parameters of a session, kept aside.
#include "core/ParameterCopy.h"
#include <algorithm>

namespace nnc {

void ParameterCopy::take(const Session &session) {
  for (const nnc_variable &variable : variablesOf(session.program())) {
    if (variable.role != NNC_PARAMETER)
      continue;
    auto *bytes = static_cast<const std::byte *>(session.read(variable));
    values[variable.tensor.name].assign(bytes, bytes + byteCount(variable.tensor));
  }
}

void ParameterCopy::swap(Session &session) {
  for (const nnc_variable &variable : variablesOf(session.program())) {
    if (variable.role != NNC_PARAMETER)
      continue;
    std::vector<std::byte> &kept = values.at(variable.tensor.name);
    std::swap_ranges(kept.begin(), kept.end(), static_cast<std::byte *>(session.write(variable)));
  }
}

} // namespace nnc
