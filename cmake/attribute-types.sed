# mlir-tblgen names the C++ types of an attribute's parameters, of which who writes a model file knows nothing.
s/^| Parameter | C++ type |/| Parameter | Type |/
s/| `::mlir::nn::Rate` |/| number or schedule |/
s/| `::mlir::nn::Number` |/| number |/
s/| `::std::optional<::mlir::nn::Number>` |/| number |/
s/| `int64_t` |/| whole number |/
s/| `bool` |/| true or false |/
s/| `::mlir::ArrayAttr` |/| list of numbers |/
s/| `::llvm::StringRef` |/| string |/
