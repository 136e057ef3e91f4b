// The parameters of a session, kept aside: those of a training run's best epoch.
#pragma once
#include "core/Session.h"
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace nnc {

/// Bytes by the name of the parameter.
class ParameterCopy {
public:
  bool empty() const { return values.empty(); }
  void clear() { values.clear(); }
  /// Copies those of the session here, over what was here before.
  void take(const Session &session);
  /// Exchanges them with the session's, which must have the same.
  void swap(Session &session);
  /// One parameter's bytes.
  std::vector<std::byte> &operator[](const std::string &name) { return values[name]; }
  const std::vector<std::byte> &at(const std::string &name) const { return values.at(name); }

private:
  std::map<std::string, std::vector<std::byte>> values;
};

} // namespace nnc
