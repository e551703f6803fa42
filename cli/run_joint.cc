#include "run_joint.h"

#include <algorithm>
#include <numeric>

namespace quern::cli {

namespace {

/// The board's word for a virtual NPU: "1_1" for 111 and 112.
std::string mode_text(const std::vector<NpuReport>& reports) {
  if (reports.empty() || reports[0].mode.empty() || reports[0].mode == "0") return "disable";
  const std::string& mode = reports[0].mode;
  return mode.size() == 3 ? fmt::format("{}_{}", mode[0], mode[1]) : mode;
}

/// Channels last or first, where an array is a picture at all.
std::string layout_text(const Shape& shape) {
  if (shape.size() != 4) return "";
  return shape[3] == 1 || shape[3] == 3 ? " NHWC" : " NCHW";
}

std::string values_text(const char* title, const std::vector<ValueInfo>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueInfo& value = values[i];
    const int64_t count = std::accumulate(value.shape.begin(), value.shape.end(), int64_t{1}, std::multiplies<>());
    text += fmt::format("{}[{}]: {}\n    Shape [{}]{} {}\n    Memory Virtual\n    Size {}\n", title, i, value.name,
                        fmt::join(value.shape, ", "), layout_text(value.shape), to_string(value.dtype),
                        count * static_cast<int64_t>(size_of(value.dtype)));
  }
  return text;
}

/// 8 bits where every partition's arithmetic is: 16-bit values make it "unknown", as on the board.
std::string bits_text(const CompiledModel& compiled) {
  const auto values = compiled.inputs();
  const bool wide = std::any_of(values.begin(), values.end(),
                                [](const ValueInfo& v) { return v.dtype == DType::int16 || v.dtype == DType::uint16; });
  return wide ? "unknown" : "8 bit";
}

double npu_us(const std::vector<NpuReport>& reports) {
  double us = 0;
  for (const NpuReport& report : reports) us += 1000 * report.ms;
  return us;
}

/// Of the counted runs.
double mean_us(const std::vector<double>& ms) {
  if (ms.empty()) return 0;
  const size_t skip = ms.size() > 1 ? 1 : 0;
  return 1000 * std::accumulate(ms.begin() + static_cast<std::ptrdiff_t>(skip), ms.end(), 0.0) /
         static_cast<double>(ms.size() - skip);
}

std::string counters_text(const std::vector<NpuReport>& reports) {
  double total = 0;
  std::array<double, kNpuEngines> busy{};
  for (const NpuReport& report : reports) {
    total += report.cycles;
    for (size_t i = 0; i < busy.size(); ++i) busy[i] += report.engines[i].busy;
  }
  std::string text = fmt::format("NPU perf cnt total: {:.0f}\n", total);
  for (int i = 0; i < kNpuEngines; ++i)
    text +=
        fmt::format("    NPU perf cnt of eu({}, {}): {:.0f}\n", i, npu_engine_name(i), busy[static_cast<size_t>(i)]);
  return text;
}

std::string times_text(const JointRun& run, const std::vector<double>& cpu_ms) {
  const std::vector<NpuReport>& reports = run.session.npu_reports();
  const double neu = npu_us(reports);
  const double axe = mean_us(cpu_ms);
  double start_us = 0;
  for (const NpuReport& report : reports) start_us += report.clock_hz > 0 ? 1e6 * report.fixed / report.clock_hz : 0;
  const size_t rounds = std::max<size_t>(1, cpu_ms.size() - 1);
  std::string text =
      fmt::format("Create handle took {:.2f} ms (neu 0.00 ms, onnx 0.00 ms, axe 0.00 ms, overhead {:.2f} ms)\n",
                  run.create_ms, run.create_ms);
  text += fmt::format("Run task took {:.0f} us ({} round{} for average)\n", neu + axe, rounds, rounds == 1 ? "" : "s");
  text += fmt::format("    Run NEU took an average of {:.0f} us (overhead {:.0f} us)\n", neu, start_us);
  if (axe > 0) text += fmt::format("    Run AXE took an average of {:.0f} us (overhead 0 us)\n", axe);
  return text;
}

std::string log_text(const JointRun& run, const std::vector<double>& cpu_ms) {
  const auto& inputs = run.session.inputs();
  std::string text =
      fmt::format("run joint version: {}\nvirtual npu mode is {}\ntools version: {}\n{}\n", QUERN_VERSION,
                  mode_text(run.session.npu_reports()), run.tools_version, run.hash.substr(0, 8));
  text += "Using wbt 0\nMax Batch Size 1\nSupport Dynamic Batch? No\nIs FilterMode? No\n\n";
  text += fmt::format("Quantization Type is {}\n\n", bits_text(run.compiled));
  text += values_text("Input", inputs) + values_text("Output", run.session.outputs());
  text += "Using batch size 1\n";
  for (size_t i = 0; run.random_inputs && i < inputs.size(); ++i)
    text += fmt::format("input[{}] {} data not provided, using random data\n", i, inputs[i].name);
  text += fmt::format("Not set environment variable to report memory usage!\nCMM usage: {}\n\n",
                      run.compiled.arena_bytes());
  return text + times_text(run, cpu_ms) + counters_text(run.session.npu_reports());
}

/// What the last run took on the processor.
double cpu_ms(const Session& session) {
  double ms = 0;
  for (const StepInfo& step : session.steps()) ms += step.layers > 0 ? 0 : step.last_ms;
  return ms;
}

}  // namespace

Result<JointLog> run_joint(const JointRun& run) {
  std::vector<double> times;
  for (int i = 0;; ++i) {
    auto outputs = run.session.run(run.inputs);
    if (!outputs.ok()) return outputs.status();
    if (i >= run.warmup) times.push_back(cpu_ms(run.session));
    if (i + 1 >= run.warmup + run.repeat) return JointLog{log_text(run, times), *std::move(outputs)};
  }
}

}  // namespace quern::cli
