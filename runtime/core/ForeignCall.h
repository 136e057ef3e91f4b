// A function of a library that is opened when a program needs it: to build the runtime takes nothing of its vendor.
#pragma once
#include "core/Error.h"
#include <string>

namespace nnc {

/// `Library` finds a function by its symbol (find), says what a result means (describe: `SYMBOL: ...`), and whose it is
/// (kOwner). A function returns 0 where it has done what it is for.
template <typename Library, typename... Parameters> class ForeignCall {
public:
  ForeignCall(const Library &library, const char *symbol)
      : library(library), symbol(symbol), function(reinterpret_cast<int (*)(Parameters...)>(library.find(symbol))) {}

  /// Throws an Error with the function's name, the error's name and what it means.
  void operator()(Parameters... arguments) const {
    if (int result = function(arguments...))
      fail(Library::kOwner, " ", describe(result));
  }
  /// For the caller to look at; what only gives back takes no notice of it.
  int attempt(Parameters... arguments) const { return function(arguments...); }
  std::string describe(int result) const { return library.describe(symbol, result); }

private:
  const Library &library;
  const char *symbol;
  int (*function)(Parameters...);
};

} // namespace nnc
