// Embeds files beside this one; see Assets.h. The build notices when one of them changes.
#include "passes/report/Assets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

namespace {
constexpr char html[] = {
#embed "report.html"
    , 0};
constexpr char style[] = {
#embed "report.css"
    , 0};
constexpr char script[] = {
#embed "report.js"
    , 0};
constexpr char devices[] = {
#embed "devices.json"
    , 0};
} // namespace

llvm::StringRef mlir::nn::getReportHtml() { return html; }
llvm::StringRef mlir::nn::getReportStyle() { return style; }
llvm::StringRef mlir::nn::getReportScript() { return script; }
llvm::StringRef mlir::nn::getDevicesJson() { return devices; }
