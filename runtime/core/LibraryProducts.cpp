// A program's products for cuBLASLt; see LibraryProducts.h. The library's matrices have their columns whole one after
// the other, a program's results their rows: the library is given d^T = b^T a^T.
#include "core/LibraryProducts.h"
#include <algorithm>
#include <functional>
#include <memory>

namespace nnc {

using namespace cublaslt;

namespace {

/// A power of two that `address` is a multiple of, at most 256: what the library asks of the best aligned memory.
uint32_t alignmentOf(cuda::Address address) {
  constexpr cuda::Address kMost = 256;
  return static_cast<uint32_t>(std::min(kMost, address & -address));
}

template <typename Setter, typename Object, typename Number>
void set(const Setter &setter, Object object, int attribute, Number number) {
  setter(object, attribute, &number, sizeof(number));
}

Compute computeOf(const nnc_product &form) {
  if (form.dtype == NNC_F64)
    return kCompute64;
  return form.precision == NNC_PRECISION_TF32   ? kComputeTf32
         : form.precision == NNC_PRECISION_BF16 ? kComputeBf16
                                                : kCompute32;
}

int typeOf(const nnc_product &form) { return form.dtype == NNC_F64 ? kDouble : kFloat; }

Epilogue epilogueOf(const nnc_product &form) {
  if (form.bias >= 0)
    return form.relu ? kReluBias : kBias;
  return form.relu ? kRelu : kPlain;
}

} // namespace

LibraryProducts::LibraryProducts(cuda::Address arena) : arena(arena) { functions.create(&handle); }

LibraryProducts::~LibraryProducts() {
  for (const Product &product : products)
    release(product);
  functions.destroy.attempt(handle);
}

const LibraryProducts::Product *LibraryProducts::find(const nnc_product &form) {
  Product &product = products.emplace_back(Product{&form});
  try {
    describe(product);
    chooseAlgorithm(product);
    return &product;
  } catch (const Error &error) {
    lastProblem = error.what();
  }
  release(product);
  products.pop_back();
  return nullptr;
}

void LibraryProducts::describe(Product &product) {
  const nnc_product &form = *product.form;
  functions.operationCreate(&product.operation, computeOf(form), typeOf(form));
  set(functions.operationSet, product.operation, kTransposeA, static_cast<int32_t>(form.b.transposed));
  set(functions.operationSet, product.operation, kTransposeB, static_cast<int32_t>(form.a.transposed));
  set(functions.operationSet, product.operation, kEpilogue, static_cast<uint32_t>(epilogueOf(form)));
  if (form.bias >= 0)
    set(functions.operationSet, product.operation, kBiasPointer, arena + form.bias);
  product.a = makeLayout(form, form.a, form.rows, form.terms);
  product.b = makeLayout(form, form.b, form.terms, form.columns);
  product.d = makeLayout(form, form.d, form.rows, form.columns);
}

Layout LibraryProducts::makeLayout(const nnc_product &form, const nnc_matrix &matrix, int64_t rows, int64_t columns) {
  if (matrix.transposed)
    std::swap(rows, columns);
  Layout layout = nullptr;
  functions.layoutCreate(&layout, typeOf(form), columns, rows, matrix.leading);
  if (form.batches == 1)
    return layout;
  set(functions.layoutSet, layout, kBatchCount, static_cast<int32_t>(form.batches));
  set(functions.layoutSet, layout, kBatchStride, matrix.batch_stride);
  return layout;
}

void LibraryProducts::chooseAlgorithm(Product &product) {
  const nnc_product &form = *product.form;
  Preference preference = nullptr;
  functions.preferenceCreate(&preference);
  std::unique_ptr<PreferenceObject, std::function<void(Preference)>> held(
      preference, [this](Preference gone) { functions.preferenceDestroy.attempt(gone); });
  set(functions.preferenceSet, preference, kMaxWorkspaceBytes, static_cast<uint64_t>(form.workspace_bytes));
  for (auto [attribute, offset] : {std::pair(kMinAlignmentA, form.b.offset), std::pair(kMinAlignmentB, form.a.offset),
                                   std::pair(kMinAlignmentC, form.d.offset), std::pair(kMinAlignmentD, form.d.offset)})
    set(functions.preferenceSet, preference, attribute, alignmentOf(arena + offset));
  Heuristic best = {};
  int count = 0;
  functions.findAlgorithms(handle, product.operation, product.b, product.a, product.d, product.d, preference, 1, &best,
                           &count);
  if (count == 0 || best.state != 0)
    fail(Library::kOwner, " ", functions.findAlgorithms.describe(count ? best.state : kNotSupported));
  product.algorithm = best.algorithm;
}

void LibraryProducts::run(const Product &product, cuda::Stream stream) const {
  const nnc_product &form = *product.form;
  // They are read as the call is made, by the type that the product computes in.
  double ofF64[] = {1, form.accumulates ? 1.0 : 0.0};
  float ofF32[] = {1, form.accumulates ? 1.0F : 0.0F};
  bool isDouble = form.dtype == NNC_F64;
  auto at = [&](int64_t offset) { return reinterpret_cast<void *>(arena + offset); };
  functions.multiply(handle, product.operation, isDouble ? static_cast<void *>(ofF64) : ofF32, at(form.b.offset),
                     product.b, at(form.a.offset), product.a, isDouble ? static_cast<void *>(ofF64 + 1) : ofF32 + 1,
                     at(form.d.offset), product.d, at(form.d.offset), product.d, &product.algorithm, at(form.workspace),
                     static_cast<size_t>(form.workspace_bytes), stream);
}

void LibraryProducts::release(const Product &product) {
  for (Layout layout : {product.a, product.b, product.d})
    if (layout)
      functions.layoutDestroy.attempt(layout);
  if (product.operation)
    functions.operationDestroy.attempt(product.operation);
}

} // namespace nnc
