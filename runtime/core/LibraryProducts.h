// The products of a program that cuBLASLt does: found once where the program's memory is, then run in every step.
#pragma once
#include "core/CublasLt.h"
#include "nnc/program.h"
#include <deque>

namespace nnc {

class LibraryProducts {
public:
  /// A product that the library does.
  struct Product {
    const nnc_product *form;
    cublaslt::Operation operation = nullptr;
    cublaslt::Layout a = nullptr, b = nullptr, d = nullptr;
    cublaslt::Algorithm algorithm = {};
  };

  /// `arena` is where the products' memory begins. The GPU's context must be current here, and when it goes. Throws an
  /// Error where the library is not there or does not start.
  explicit LibraryProducts(cuda::Address arena);
  ~LibraryProducts();
  LibraryProducts(const LibraryProducts &) = delete;

  std::string version() const { return functions.library.version(); }

  /// The product, as the library does it fastest by its own estimate; null where it has no way. Lives as long as this
  /// does.
  const Product *find(const nnc_product &form);
  /// What the library said where it had no way for the last such product; empty where it has one for all.
  const std::string &problem() const { return lastProblem; }
  /// Has it done on `stream`.
  void run(const Product &product, cuda::Stream stream) const;

private:
  void describe(Product &product);
  cublaslt::Layout makeLayout(const nnc_product &form, const nnc_matrix &matrix, int64_t lines, int64_t length);
  void chooseAlgorithm(Product &product);
  void release(const Product &product);

  cublaslt::Functions functions;
  cublaslt::Handle handle = nullptr;
  cuda::Address arena;
  std::deque<Product> products; // they stay where they are
  std::string lastProblem;
};

} // namespace nnc
