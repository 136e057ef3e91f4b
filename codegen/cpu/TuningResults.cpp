// Reads and writes the table of tuning results.
#include "codegen/cpu/TuningResults.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr size_t keyDigits = 64, maxLineLength = 1000;
static constexpr uint64_t maxFileBytes = 64 << 20;

static bool isKey(StringRef text) { return text.size() == keyDigits && llvm::all_of(text, llvm::isHexDigit); }

/// A dictionary without others in it: the parser of attributes goes into brackets as deep as they go.
static bool isFlatDictionary(StringRef text) {
  return text.consume_front("{") && text.consume_back("}") && text.find_first_of("{}[]()") == StringRef::npos &&
         text.count('<') <= 4;
}

llvm::Error TuningResults::read(std::map<std::string, TuningResult> &results, bool &isTable) const {
  uint64_t size = 0;
  isTable = true;
  if (!llvm::sys::fs::exists(path))
    return llvm::Error::success();
  isTable = false;
  if (std::error_code error = llvm::sys::fs::file_size(path, size))
    return llvm::createFileError(path, error);
  if (!llvm::sys::fs::is_regular_file(path) || size > maxFileBytes)
    return llvm::createStringError("'" + path + "' is no table of tuning results");
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!buffer)
    return llvm::createFileError(path, buffer.getError());
  isTable = true;
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  size_t firstBad = 0, bad = 0;
  for (auto [number, line] : llvm::enumerate(lines)) {
    SmallVector<StringRef> fields;
    line.split(fields, '\t');
    if (line.size() <= maxLineLength && fields.size() == 4 && isKey(fields[0]) && isFlatDictionary(fields[1]))
      results[fields[0].str()] = {fields[1].str(), fields[2].str(), fields[3].str()};
    else if (bad++ == 0)
      firstBad = number + 1;
  }
  if (bad == 1)
    return llvm::createStringError("line " + Twine(firstBad) + " of '" + path + "' is no tuning result");
  if (bad > 1)
    return llvm::createStringError("line " + Twine(firstBad) + " and " + Twine(bad - 1) + " more of '" + path +
                                   "' are no tuning results");
  return llvm::Error::success();
}

llvm::Error TuningResults::load() {
  bool isTable = true;
  return read(known, isTable);
}

const TuningResult *TuningResults::find(StringRef key) const {
  auto found = known.find(key.str());
  return found == known.end() ? nullptr : &found->second;
}

void TuningResults::add(StringRef key, TuningResult result) { known[key.str()] = added[key.str()] = std::move(result); }

void TuningResults::remove(StringRef key) { known.erase(key.str()); }

llvm::Error TuningResults::save() {
  if (path.empty())
    return llvm::createStringError("neither XDG_CACHE_HOME nor HOME says where");
  // What another process has added meanwhile stays; what is no result goes.
  std::map<std::string, TuningResult> all;
  bool isTable = true;
  llvm::Error badLine = read(all, isTable);
  if (!isTable)
    return badLine;
  llvm::consumeError(std::move(badLine));
  for (const auto &[key, result] : added)
    all[key] = result;
  if (StringRef folder = llvm::sys::path::parent_path(path); !folder.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(folder))
      return llvm::createFileError(path, error);
  llvm::Expected<llvm::sys::fs::TempFile> file = llvm::sys::fs::TempFile::create(path + ".%%%%%%%%");
  if (!file)
    return llvm::createFileError(path, file.takeError());
  llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
  for (const auto &[key, result] : all)
    stream << key << '\t' << result.schedule << '\t' << result.contraction << '\t' << result.times << '\n';
  stream.flush();
  if (std::error_code error = stream.error()) {
    stream.clear_error();
    llvm::consumeError(file->discard());
    return llvm::createFileError(path, error);
  }
  if (llvm::Error error = file->keep(path)) {
    llvm::consumeError(file->discard());
    return llvm::createFileError(path, std::move(error));
  }
  return llvm::Error::success();
}

std::string TuningResults::getDefaultPath() {
  // As nnc-run does it for the programs beside.
  if (std::optional<std::string> cache = llvm::sys::Process::GetEnv("XDG_CACHE_HOME");
      cache && llvm::sys::path::is_absolute(*cache))
    return *cache + "/nnc/tuned.tsv";
  if (std::optional<std::string> home = llvm::sys::Process::GetEnv("HOME"); home && !home->empty())
    return *home + "/.cache/nnc/tuned.tsv";
  return "";
}
