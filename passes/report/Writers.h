// What writes a report, and several side by side, in each format. docs/report.md describes the formats.
#pragma once
#include "passes/report/CostReport.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::nn {

void writeTable(llvm::raw_ostream &os, const CostReport &report);
void writeJson(llvm::raw_ostream &os, const CostReport &report);
void writeCsv(llvm::raw_ostream &os, const CostReport &report);
void writeHtml(llvm::raw_ostream &os, const CostReport &report);

void writeComparisonTable(llvm::raw_ostream &os, llvm::ArrayRef<CostReport> reports);
void writeComparisonJson(llvm::raw_ostream &os, llvm::ArrayRef<CostReport> reports);
void writeComparisonCsv(llvm::raw_ostream &os, llvm::ArrayRef<CostReport> reports);
void writeComparisonHtml(llvm::raw_ostream &os, llvm::ArrayRef<CostReport> reports);

//===----------------------------------------------------------------------===//
// What formats share
//===----------------------------------------------------------------------===//

/// How what is no layer's is called where layers have names or kinds.
constexpr llvm::StringLiteral noLayer = "(no layer)";

/// The page with `json` in it, whatever is in its texts.
void writePage(llvm::raw_ostream &os, llvm::StringRef json);

/// A line of CSV (RFC 4180).
void writeCsvLine(llvm::raw_ostream &os, llvm::ArrayRef<std::string> fields);

/// An attribute whose text may be anything: JSON holds UTF-8 only.
void writeText(llvm::json::OStream &out, llvm::StringRef key, llvm::StringRef text);

/// Multiply-adds and operations by stage, bytes, operations a byte; seconds where there is a device.
void writeWork(llvm::json::OStream &out, const Work &work, bool hasDevice);
void writeMemory(llvm::json::OStream &out, const Memory &memory);
void writeDevice(llvm::json::OStream &out, const Device &device);
/// Members: what the report is for.
void writeTarget(llvm::json::OStream &out, const CostReport &report);

/// 1.23 G; 456.
std::string formatCount(double count);
/// 1.23 ms; never "0" for a time that is none.
std::string formatSeconds(double seconds);
/// A number that reads back as nearly itself: 0.00123456789.
std::string formatExact(double number);
/// Operations a byte.
double getIntensity(const Work &work);

} // namespace mlir::nn
