// From a model file to a shared object, through the cache.
#include "Compile.h"
#include "Sha256.h"
#include "Subprocess.h"
#include "core/Error.h"
#include "core/Gpu.h"
#include "core/Parallel.h"
#include "data/MappedFile.h"
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace nnc::run {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashDigits = 64;
/// What nnc-opt compiles for where it is not told.
constexpr int64_t kGpuBlocks = 128;

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

fs::path cacheDirectory() {
  if (std::string cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return fs::path(cache) / "nnc";
  if (std::string home = environment("HOME"); !home.empty())
    return fs::path(home) / ".cache" / "nnc";
  fail("no folder to keep compiled programs in: neither XDG_CACHE_HOME nor HOME is set");
}

fs::path ownDirectory() {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : self.parent_path();
}

std::string findCompiler() {
  if (std::string chosen = environment("NNC_OPT"); !chosen.empty())
    return chosen;
  fs::path beside = ownDirectory() / "nnc-opt";
  if (access(beside.c_str(), X_OK) == 0)
    return beside.string();
  if (std::string found = findOnPath("nnc-opt"); !found.empty())
    return found;
  fail("nnc-opt, which compiles model files, is neither beside nnc-run nor on PATH");
}

/// What `native` stands for here, so that a cache shared by two machines serves each its own.
std::string resolveMarch(const std::string &march) {
#if defined(__x86_64__)
  if (march == "native") {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4")   ? "x86-64-v4"
           : __builtin_cpu_supports("x86-64-v3") ? "x86-64-v3"
           : __builtin_cpu_supports("x86-64-v2") ? "x86-64-v2"
                                                 : "x86-64";
  }
#endif
  return march;
}

/// Path, size and time of a binary: another build of the compiler has another identity.
std::string identityOf(const std::string &binary) {
  struct stat status{};
  if (stat(binary.c_str(), &status) != 0)
    fail(binary, ": cannot run: ", std::strerror(errno));
  return concat(binary, " ", status.st_size, " ", status.st_mtim.tv_sec, ".", status.st_mtim.tv_nsec, " ",
                status.st_ino);
}

/// A kept program ends with the hash of what stands before it; loading an ELF file takes no notice of what follows it.
/// A file cut short or damaged would otherwise end the process when it is mapped and run.
bool isIntact(const fs::path &path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) <= kHashDigits)
    return false;
  auto file = MappedFile::open(path.string());
  std::string_view text = file->text();
  size_t length = text.size() - kHashDigits;
  return sha256(text.substr(0, length)) == text.substr(length);
}

void appendHash(const fs::path &path) {
  std::string hash = sha256(MappedFile::open(path.string())->text());
  std::ofstream stream(path, std::ios::binary | std::ios::app);
  stream << hash;
  stream.close();
  if (!stream)
    fail(path.string(), ": cannot write: ", std::strerror(errno));
}

/// A file that goes away when the compilation is over, however it ends.
struct TemporaryFile {
  fs::path path;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

void compile(std::vector<std::string> command, const std::string &model, const fs::path &result) {
  command.insert(command.end(), {"-o", result.string()});
  if (runCommand(command) != 0)
    fail(model, ": not compiled");
  appendHash(result);
}

/// What --tune found out on this machine, for nnc-opt to read and to add to.
fs::path tuningResults() { return cacheDirectory() / "tuned.tsv"; }

/// Of the text of the tuning results: a tuned program is one of the results it was made by.
std::string hashOfTuningResults() {
  std::error_code error;
  fs::path path = tuningResults();
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) == 0)
    return "no results";
  return sha256(MappedFile::open(path.string())->text());
}

} // namespace

bool isCompiled(const std::string &model) { return fs::path(model).extension() == ".so"; }

std::string compiledProgram(const Options &options, const std::string &entries, int64_t batch) {
  if (isCompiled(options.model) && options.tune)
    fail(options.model, ": is compiled already; --tune takes a model file");
  if (isCompiled(options.model))
    return options.model;
  auto file = MappedFile::open(options.model);
  std::string compiler = findCompiler();
  std::vector<std::string> command = {compiler,
                                      options.model,
                                      "--phase=binary",
                                      concat("--batch=", batch),
                                      "--entries=" + entries,
                                      "--march=" + resolveMarch(options.march),
                                      "--target=" + options.target};
  if (options.weighsClasses)
    command.push_back("--class-weights");
  if (options.profile)
    command.push_back("--profile");
  if (options.target == "cuda")
    if (std::optional<int64_t> blocks = countMultiprocessors(); blocks && *blocks < kGpuBlocks)
      command.push_back(concat("--gpu-blocks=", *blocks));
  if (options.tune) {
    command.push_back("--tune");
    command.push_back(concat("--tune-threads=", options.threads ? options.threads : availableThreads()));
    command.push_back("--tune-results=" + tuningResults().string());
  }
  // The file's name, but not its folder, is part of the key: it gives the program its name.
  std::string key = identityOf(compiler);
  for (size_t i = 2; i < command.size(); ++i)
    key += "\n" + command[i];
  key += concat("\n", fs::path(options.model).filename().string(), "\n", file->text());
  auto findPlace = [&] {
    return cacheDirectory() / (sha256(options.tune ? key + "\n" + hashOfTuningResults() : key) + ".so");
  };
  fs::path result = findPlace();
  if (isIntact(result))
    return result.string();
  std::error_code error;
  fs::create_directories(result.parent_path(), error);
  if (error)
    fail(result.parent_path().string(), ": cannot make the folder for compiled programs: ", error.message());
  // The compiler adds to the results: the program is known by those that it was made by.
  TemporaryFile made{concat(result.string(), ".", getpid(), ".so")};
  compile(command, options.model, made.path);
  result = findPlace();
  fs::rename(made.path, result, error);
  if (error)
    fail(result.string(), ": cannot write: ", error.message());
  return result.string();
}

} // namespace nnc::run
