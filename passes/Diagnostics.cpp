// Prints diagnostics that have no line; see Diagnostics.h.
#include "passes/Diagnostics.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

/// Standard error, behind `prefix: error: ` and the like.
static raw_ostream &beginLine(DiagnosticSeverity severity, StringRef prefix) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return llvm::WithColor::note(llvm::errs(), prefix);
  case DiagnosticSeverity::Warning:
    return llvm::WithColor::warning(llvm::errs(), prefix);
  case DiagnosticSeverity::Error:
    return llvm::WithColor::error(llvm::errs(), prefix);
  case DiagnosticSeverity::Remark:
    return llvm::WithColor::remark(llvm::errs(), prefix);
  }
  llvm_unreachable("a severity that is none");
}

void nn::printWithoutLines(MLIRContext *context) {
  context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) -> LogicalResult {
    Location loc = diagnostic.getLocation();
    auto place = dyn_cast<FileLineColLoc>(loc);
    bool isWholeFile = place && place.getLine() == 0;
    if (!isWholeFile && !isa<UnknownLoc>(loc))
      return failure();
    StringRef prefix = isWholeFile ? place.getFilename().getValue() : StringRef("nnc-opt");
    beginLine(diagnostic.getSeverity(), prefix) << diagnostic << "\n";
    for (Diagnostic &note : diagnostic.getNotes())
      beginLine(note.getSeverity(), prefix) << note << "\n";
    return success();
  });
}
