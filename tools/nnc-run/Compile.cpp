// From a model file to a shared object, through the cache.
#include "Compile.h"
#include "Sha256.h"
#include "Subprocess.h"
#include "core/Error.h"
#include "core/Gpu.h"
#include "core/Parallel.h"
#include "data/MappedFile.h"
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
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

/// Empty where the environment names none. A relative XDG_CACHE_HOME is none, as its specification has it.
fs::path cacheDirectory() {
  if (fs::path cache = environment("XDG_CACHE_HOME"); cache.is_absolute())
    return cache / "nnc";
  if (std::string home = environment("HOME"); !home.empty())
    return fs::path(home) / ".cache" / "nnc";
  return {};
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

/// A file, or a folder with all that is in it, that goes away when the compilation is over, however it ends.
struct Temporary {
  fs::path path;
  ~Temporary() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void compile(std::vector<std::string> command, const std::string &model, const fs::path &result) {
  command.insert(command.end(), {"-o", result.string()});
  if (runCommand(command) != 0)
    fail(model, ": not compiled");
  appendHash(result);
}

/// Makes the folder where it is not there. Why no program can be kept in it; empty where it can.
std::string prepareCache(const fs::path &directory) {
  if (directory.empty())
    return "neither XDG_CACHE_HOME nor HOME says where";
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    return concat(directory.string(), ": ", error.message());
  if (access(directory.c_str(), W_OK) != 0)
    return concat(directory.string(), ": ", std::strerror(errno));
  return "";
}

/// Removes what compilations left behind that were killed: nobody compiles for a day.
void removeStale(const fs::path &directory) {
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(directory, error)) {
    bool isTemporary = entry.path().filename().string().find(".so.") != std::string::npos;
    std::error_code ignored;
    if (isTemporary && fs::file_time_type::clock::now() - entry.last_write_time(ignored) > std::chrono::hours(24))
      fs::remove(entry.path(), ignored);
  }
}

fs::path makeTemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "nnc-XXXXXX").string();
  if (!mkdtemp(name.data()))
    fail(name, ": cannot make a folder for the compiled program: ", std::strerror(errno));
  return name;
}

/// Of the text of the tuning results: a tuned program is one of the results it was made by.
std::string hashOfTuningResults(const fs::path &path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) == 0)
    return "no results";
  return sha256(MappedFile::open(path.string())->text());
}

} // namespace

bool isCompiled(const std::string &model) { return fs::path(model).extension() == ".so"; }

std::shared_ptr<const nnc_program> openCompiled(const Options &options, const std::string &entries, int64_t batch) {
  if (isCompiled(options.model) && options.tune)
    fail(options.model, ": is compiled already; --tune takes a model file");
  for (const auto &[name, choice] :
       {std::pair("--matmul-precision", options.matmulPrecision), std::pair("--cublaslt", options.cublaslt)})
    if (isCompiled(options.model) && !choice.empty())
      fail(options.model, ": is compiled already; ", name, " takes a model file");
  if (isCompiled(options.model))
    return openProgram(options.model);
  auto file = MappedFile::open(options.model);
  if (file->text().find('\0') != std::string_view::npos)
    fail(options.model, ": is no model file, which is text (.mlir), nor a compiled program (.so)");
  std::string compiler = findCompiler();
  // What --tune found out on this machine, for nnc-opt to read and to add to, lies beside the programs.
  fs::path cache = cacheDirectory(), tuned = cache / "tuned.tsv";
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
  if (!options.matmulPrecision.empty())
    command.push_back("--matmul-precision=" + options.matmulPrecision);
  if (!options.cublaslt.empty())
    command.push_back("--cublaslt=" + options.cublaslt);
  if (options.target == "cuda")
    if (std::optional<int64_t> blocks = countMultiprocessors(); blocks && *blocks < kGpuBlocks)
      command.push_back(concat("--gpu-blocks=", *blocks));
  if (options.tune) {
    command.push_back("--tune");
    command.push_back(concat("--tune-threads=", options.threads ? options.threads : availableThreads()));
    if (!cache.empty())
      command.push_back("--tune-results=" + tuned.string());
  }
  // The file's name, but not its folder, is part of the key: it gives the program its name.
  std::string key = identityOf(compiler);
  for (size_t i = 2; i < command.size(); ++i)
    key += "\n" + command[i];
  key += concat("\n", fs::path(options.model).filename().string(), "\n", file->text());
  auto findPlace = [&] {
    return cache / (sha256(options.tune ? key + "\n" + hashOfTuningResults(tuned) : key) + ".so");
  };
  fs::path result = findPlace();
  if (isIntact(result))
    return openProgram(result.string());
  if (std::string problem = prepareCache(cache); !problem.empty()) {
    std::cerr << "nnc-run: warning: compiled programs cannot be kept, and this one is for this run alone: " << problem
              << "\n";
    Temporary folder{makeTemporaryFolder()};
    compile(command, options.model, folder.path / "program.so");
    return openProgram(folder.path / "program.so");
  }
  removeStale(cache);
  // The compiler adds to the results: the program is known by those that it was made by.
  Temporary made{concat(result.string(), ".", getpid(), ".so")};
  compile(command, options.model, made.path);
  result = findPlace();
  std::error_code error;
  fs::rename(made.path, result, error);
  if (error)
    fail(result.string(), ": cannot write: ", error.message());
  return openProgram(result.string());
}

} // namespace nnc::run
