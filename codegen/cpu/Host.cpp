// Asks the system and LLVM about this machine.
#include "codegen/cpu/Host.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"
#include <sched.h>

using namespace mlir;

int64_t nn::countProcessors() {
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
    return 1;
  return std::max(1, CPU_COUNT(&processors));
}

std::string nn::getProcessorName() {
  std::string name = llvm::sys::getHostCPUName().str();
  if (auto info = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo")) {
    llvm::StringRef line = (*info)->getBuffer();
    line = line.substr(std::min(line.find("model name"), line.size())).split('\n').first;
    name += " " + line.split(':').second.trim().str();
  }
  return name;
}

std::string nn::getCompilerName() {
  static int anchor;
  std::string path = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status))
    return NNC_VERSION;
  return llvm::formatv("{0} {1} {2}", NNC_VERSION, status.getSize(),
                       status.getLastModificationTime().time_since_epoch().count());
}

bool nn::runsHere(llvm::StringRef march, llvm::StringRef triple) {
  llvm::Triple host(llvm::sys::getProcessTriple());
  if (!triple.empty() && llvm::Triple(llvm::Triple::normalize(triple)).getArch() != host.getArch())
    return false;
  if (march == "native")
    return true;
  if (!host.isX86())
    return host.isAArch64() && (march == "generic" || march == llvm::sys::getHostCPUName());
  if (llvm::X86::parseArchX86(march, /*Only64Bit=*/true) == llvm::X86::CK_None)
    return false;
  llvm::SmallVector<llvm::StringRef> needed;
  llvm::X86::getFeaturesForCPU(march, needed);
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  return llvm::all_of(needed,
                      [&](llvm::StringRef feature) { return !features.contains(feature) || features[feature]; });
}
