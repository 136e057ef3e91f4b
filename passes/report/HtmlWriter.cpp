// Reports as one HTML file that asks the network for nothing: a page of ours with the report's JSON in it.
#include "passes/report/Assets.h"
#include "passes/report/Writers.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::nn;

/// Writes JSON so that no text in it ends the element it stands in: names come from files that nobody vouches for.
static void writeEscaped(raw_ostream &os, StringRef json) {
  for (char c : json) {
    if (c == '<' || c == '>' || c == '&')
      os << "\\u00" << llvm::format_hex_no_prefix(static_cast<uint8_t>(c), 2);
    else
      os << c;
  }
}

void nn::writePage(raw_ostream &os, StringRef json) {
  StringRef rest = getReportHtml();
  while (true) {
    auto [text, after] = rest.split("{{");
    os << text;
    if (after.empty())
      return;
    auto [name, next] = after.split("}}");
    if (name == "style")
      os << getReportStyle();
    else if (name == "script")
      os << getReportScript();
    else
      writeEscaped(os, json);
    rest = next;
  }
}

void nn::writeHtml(raw_ostream &os, const CostReport &report) {
  std::string json;
  llvm::raw_string_ostream jsonStream(json);
  writeJson(jsonStream, report);
  writePage(os, json);
}
