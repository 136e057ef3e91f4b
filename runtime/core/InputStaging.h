// Where the host writes the inputs of a GPU's entries: two buffers of pinned memory. While a step reads one, the other
// takes the next step's inputs and goes to the GPU on a stream of its own; from its place there the next step copies
// what it needs within the GPU's memory.
#pragma once
#include "core/Gpu.h"
#include "core/Spans.h"
#include <array>
#include <map>
#include <vector>

namespace nnc {

class InputStaging {
public:
  /// Inputs that lie together in the arena, and where they lie in a buffer.
  struct Part {
    nnc_span span;
    int64_t place;
  };

  /// `gpu` must be current here, and when the buffers go. Throws an Error where there is no pinned memory.
  InputStaging(const Gpu &gpu, const nnc_program &program);
  ~InputStaging();
  InputStaging(const InputStaging &) = delete;

  const std::vector<Part> &partsOf(const nnc_entry &entry) const { return parts.at(&entry); }
  /// Where an entry's input is written for its next run.
  std::byte *at(const nnc_entry &entry, const nnc_tensor &input);

  /// The buffer that the next run reads: 0 or 1.
  int current() const { return buffer; }
  const std::byte *onHost(const Part &part) const { return host[buffer] + part.place; }
  cuda::Address onDevice(const Part &part) const { return device[buffer] + part.place; }

  /// Takes memory on the GPU for what is uploaded ahead, at the first call. False where there is none left.
  bool canUpload();
  /// From now on, inputs are written for the run after the one that has begun.
  void turn() {
    buffer = 1 - buffer;
    uploaded = nullptr;
  }
  /// Sends the entry's inputs ahead, once they have been written.
  void upload(const nnc_entry &entry);
  /// Whether the entry's inputs have been, and not been written again since.
  bool isUploaded(const nnc_entry &entry) const { return uploaded == &entry; }
  /// Has what is done on `stream` from now on wait until they are there.
  void awaitUpload(cuda::Stream stream) const { gpu.driver().streamWaitEvent(stream, events[buffer], 0); }

private:
  void release();

  const Gpu &gpu;
  std::map<const nnc_entry *, std::vector<Part>> parts;
  int64_t bytes = 0; // of a buffer
  int buffer = 0;
  std::array<std::byte *, 2> host = {};
  std::array<cuda::Address, 2> device = {};
  std::array<cuda::Event, 2> events = {};
  cuda::Stream stream = nullptr;
  bool isFull = false; // the GPU's memory
  const nnc_entry *uploaded = nullptr;
};

} // namespace nnc
