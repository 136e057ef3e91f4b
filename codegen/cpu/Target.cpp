// Derives the target description from LLVM's tables of processors.
#include "codegen/cpu/Target.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir;
using namespace mlir::nn;

int64_t CpuTarget::getLanes(Type type) const {
  int64_t bits = type.isIndex() ? 64 : std::max<int64_t>(8, type.getIntOrFloatBitWidth());
  return std::max<int64_t>(1, vectorBits / bits);
}

static CpuTarget describeX86(const llvm::StringMap<bool> &features) {
  CpuTarget target;
  target.hasFma = features.lookup("fma");
  if (features.lookup("avx512f")) {
    target.vectorBits = 512;
    target.vectorRegisters = 32;
    target.hasMaskedLoad = target.hasMaskedStore = true;
    target.l1Bytes = 48 << 10;
    target.l2Bytes = 1 << 20;
    target.streamedPanelBytes = 128 << 10;
  } else if (features.lookup("avx")) {
    target.vectorBits = 256;
    target.hasMaskedLoad = true;
  }
  return target;
}

static CpuTarget describeAArch64() {
  CpuTarget target;
  target.vectorRegisters = 32;
  target.hasFma = true;
  return target;
}

std::optional<CpuTarget> nn::findCpuTarget(StringRef march) {
  if (march == "native") {
#if defined(__aarch64__)
    return describeAArch64();
#else
    return describeX86(llvm::sys::getHostCPUFeatures());
#endif
  }
  if (llvm::X86::parseArchX86(march, /*Only64Bit=*/true) != llvm::X86::CK_None) {
    SmallVector<StringRef> names;
    llvm::X86::getFeaturesForCPU(march, names);
    llvm::StringMap<bool> features;
    for (StringRef name : names) {
      features[name] = true;
      llvm::X86::updateImpliedFeatures(name, /*Enabled=*/true, features);
    }
    return describeX86(features);
  }
  if (march == "generic" || llvm::AArch64::parseCpu(march))
    return describeAArch64();
  return std::nullopt;
}

std::string nn::describeUnknownCpu(StringRef march) {
  return "--march takes native or a processor of x86-64 or AArch64 that LLVM knows (x86-64, x86-64-v3, x86-64-v4, "
         "znver3, cortex-a72, ...), not '" +
         march.str() + "'";
}

FailureOr<CpuTarget> nn::getCpuTarget(Operation *op, StringRef march) {
  if (std::optional<CpuTarget> target = findCpuTarget(march))
    return *target;
  return op->emitError() << describeUnknownCpu(march);
}
