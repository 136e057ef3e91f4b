// Reports as JSON, for programs; the schema is in docs/report.md.
#include "passes/report/Writers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::nn;
using llvm::json::OStream;

void nn::writeText(OStream &out, StringRef key, StringRef text) {
  out.attribute(key, llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text));
}

void nn::writeWork(OStream &out, const Work &work, bool hasDevice) {
  out.attributeObject("multiply_adds", [&] {
    out.attribute("forward", work.multiplyAdds[forward]);
    out.attribute("backward", work.multiplyAdds[backward]);
  });
  out.attributeObject("flops", [&] {
    out.attribute("forward", work.flops[forward]);
    out.attribute("backward", work.flops[backward]);
    out.attribute("update", work.flops[update]);
    out.attribute("total", work.getFlops());
  });
  out.attribute("bytes", work.bytes);
  out.attribute("flops_per_byte", getIntensity(work));
  if (hasDevice)
    out.attribute("seconds", work.seconds);
}

void nn::writeMemory(OStream &out, const Memory &memory) {
  out.attributeObject("memory", [&] {
    out.attribute("parameters", memory.parameters);
    out.attribute("optimizer_state", memory.optimizerState);
    out.attribute("gradients", memory.gradients);
    out.attribute("activations", memory.activations);
    out.attribute("working", memory.working);
    out.attribute("scratch", memory.scratch);
  });
}

void nn::writeDevice(OStream &out, const Device &device) {
  out.attributeObject("device", [&] {
    writeText(out, "name", device.name);
    writeText(out, "description", device.description);
    out.attribute("flops", device.flops);
    out.attribute("bytes_per_second", device.bytesPerSecond);
    for (auto [key, number] : {std::pair("memory_bytes", device.memoryBytes), std::pair("tf32_flops", device.tf32Flops),
                               std::pair("bf16_flops", device.bf16Flops)})
      if (number > 0)
        out.attribute(key, number);
    writeText(out, "source", device.source);
  });
}

void nn::writeTarget(OStream &out, const CostReport &report) {
  writeText(out, "target", report.target);
  for (auto [name, choice] : report.getProductChoices())
    out.attribute(name, choice);
}

namespace {

class JsonWriter {
public:
  JsonWriter(raw_ostream &os, const CostReport &report) : out(os, /*IndentSize=*/1), report(report) {}

  void write() {
    out.object([&] {
      out.attribute("schema", "nnc-report/1");
      writeText(out, "file", report.file);
      if (!report.steps.empty())
        writeTarget(out, report);
      if (report.device)
        writeDevice(out, *report.device);
      if (report.samples)
        out.attribute("samples", report.samples);
      out.attributeArray("models", [&] {
        for (const ModelReport &model : report.models)
          out.object([&] { writeModel(model); });
      });
      out.attributeArray("steps", [&] {
        for (const StepReport &step : report.steps)
          out.object([&] { writeStep(step); });
      });
    });
    out.flush();
  }

private:
  void writeParameters(int64_t trainable, int64_t frozen, int64_t bytes) {
    out.attributeObject("parameters", [&] {
      out.attribute("total", trainable + frozen);
      out.attribute("trainable", trainable);
      out.attribute("frozen", frozen);
      out.attribute("bytes", bytes);
    });
  }

  void writeModel(const ModelReport &model) {
    writeText(out, "name", model.name);
    writeParameters(model.trainable, model.frozen, model.parameterBytes);
    out.attribute("multiply_adds_per_sample", model.multiplyAdds);
    out.attribute("depth", model.depth);
    out.attribute("longest_path", model.longestPath);
    out.attributeArray("layers", [&] {
      for (const LayerReport &layer : model.layers)
        out.object([&] { writeLayer(layer); });
    });
    out.attributeObject("graph", [&] {
      out.attributeArray("nodes", [&] {
        for (const GraphNode &node : model.nodes)
          out.object([&] {
            writeText(out, "name", node.name);
            writeText(out, "kind", node.kind);
            if (node.layer >= 0)
              out.attribute("layer", node.layer);
          });
      });
      out.attributeArray("edges", [&] {
        for (auto [from, to] : model.edges)
          out.value(llvm::json::Array{from, to});
      });
    });
  }

  void writeLayer(const LayerReport &layer) {
    writeText(out, "name", layer.name);
    writeText(out, "path", layer.path);
    writeText(out, "kind", layer.kind);
    if (!layer.location.empty())
      writeText(out, "location", layer.location);
    out.attributeArray("output_shapes", [&] {
      for (const std::string &shape : layer.shapes)
        out.value(shape);
    });
    writeParameters(layer.trainable, layer.frozen, layer.parameterBytes);
    out.attribute("shared", layer.shared);
    out.attribute("multiply_adds_per_sample", layer.multiplyAdds);
    out.attribute("depth", layer.depth);
    out.attribute("longest_path", layer.longestPath);
  }

  void writeShares(const StepReport &step, const Work &work, const Memory &memory) {
    auto share = [&](StringRef key, double part, double whole) { out.attribute(key, whole > 0 ? part / whole : 0.0); };
    out.attributeObject("share", [&] {
      share("parameters", memory.parameters, step.memory.parameters);
      share("flops", work.getFlops(), step.total.getFlops());
      share("bytes", work.bytes, step.total.bytes);
      share("activations", memory.activations, step.memory.activations);
      if (report.device)
        share("seconds", work.seconds, step.total.seconds);
    });
  }

  void writeStep(const StepReport &step) {
    bool hasDevice = report.device.has_value();
    writeText(out, "name", step.name);
    out.attribute("batch", step.batch);
    out.attributeObject("total", [&] {
      writeWork(out, step.total, hasDevice);
      writeMemory(out, step.memory);
    });
    if (report.samples)
      writeEpoch(step);
    out.attribute("peak_bytes", step.peakBytes);
    out.attribute("lower_bound_bytes", step.lowerBoundBytes);
    out.attribute("state_bytes", step.stateBytes);
    out.attributeArray("layers", [&] {
      for (const LayerCost &cost : step.layers)
        out.object([&] {
          if (cost.layer >= 0) {
            writeText(out, "path", report.models[cost.model].layers[cost.layer].path);
            out.attribute("model", cost.model);
            out.attribute("layer", cost.layer);
          }
          writeWork(out, cost.work, hasDevice);
          writeMemory(out, cost.memory);
          writeShares(step, cost.work, cost.memory);
          out.attributeArray("stages", [&] {
            for (Stage stage : {forward, backward, update})
              if (cost.work.flops[stage] || cost.stageBytes[stage])
                out.object([&] {
                  out.attribute("stage", stageNames[stage]);
                  out.attribute("flops", cost.work.flops[stage]);
                  out.attribute("bytes", cost.stageBytes[stage]);
                });
          });
        });
    });
    out.attributeArray("kernels", [&] {
      for (const KernelReport &kernel : step.kernels)
        out.object([&] {
          writeText(out, "name", kernel.name);
          writeText(out, "layer", kernel.layer);
          out.attribute("stage", kernel.stage);
          out.attribute("tasks", kernel.tasks);
          if (kernel.isLaunch()) {
            out.attribute("threads", kernel.threads);
            out.attribute("shared_bytes", kernel.sharedBytes);
          }
          out.attribute("flops", kernel.flops);
          out.attribute("bytes", kernel.bytes);
          if (kernel.tensorFlops)
            out.attribute("tensor_flops", kernel.tensorFlops);
          if (!kernel.isOfOne())
            out.attributeArray("parts", [&] {
              for (const KernelReport::Part &part : kernel.parts)
                out.object([&] {
                  writeText(out, "layer", part.layer);
                  out.attribute("stage", part.stage);
                  out.attribute("flops", part.flops);
                  out.attribute("bytes", part.bytes);
                });
            });
          if (hasDevice)
            out.attribute("seconds", kernel.seconds);
        });
    });
    out.attributeArray("times", [&] {
      for (const TimeReport &time : step.times)
        out.object([&] {
          writeText(out, "layer", time.layer);
          out.attribute("stage", time.stage);
        });
    });
    out.attributeArray("buffers", [&] {
      for (const BufferReport &buffer : step.buffers)
        out.object([&] { writeBuffer(buffer); });
    });
  }

  void writeEpoch(const StepReport &step) {
    auto steps = static_cast<double>(report.getSteps(step));
    out.attributeObject("epoch", [&] {
      out.attribute("steps", report.getSteps(step));
      out.attribute("flops", steps * static_cast<double>(step.total.getFlops()));
      out.attribute("bytes", steps * static_cast<double>(step.total.bytes));
      if (report.device)
        out.attribute("seconds", steps * step.total.seconds);
    });
  }

  void writeBuffer(const BufferReport &buffer) {
    out.attribute("kind", buffer.kind);
    out.attribute("role", buffer.role);
    for (auto [key, text] :
         {std::pair("name", &buffer.name), std::pair("layer", &buffer.layer), std::pair("location", &buffer.location)})
      if (!text->empty())
        writeText(out, key, *text);
    out.attribute("type", buffer.type);
    out.attribute("offset", buffer.offset);
    out.attribute("bytes", buffer.bytes);
    out.attribute("first", buffer.first);
    out.attribute("last", buffer.last);
    if (buffer.loop >= 0)
      out.attribute("loop", buffer.loop);
  }

  OStream out;
  const CostReport &report;
};

} // namespace

void nn::writeJson(raw_ostream &os, const CostReport &report) {
  JsonWriter(os, report).write();
  os << "\n";
}
