// The trace event format of Chrome, which Perfetto opens: "Trace Event Format" (Google), complete events ("ph": "X")
// with times in microseconds, and metadata events for names.
#include <fmt/format.h>

#include "quern/npu.h"

namespace quern {

namespace {

/// A JSON string: quotes, backslashes and control characters escaped, the rest as it is (UTF-8).
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Trace {
 public:
  void add(const NpuReport& report, int process) {
    name("process_name", process, 0, fmt::format("{} {}", report.target, report.partition));
    for (int engine = 0; engine < kNpuEngines; ++engine) name("thread_name", process, engine, npu_engine_name(engine));
    for (const NpuCommand& command : report.commands) slice(report, process, command);
    start_us_ += report.ms * 1e3;
  }

  std::string text() && { return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + events_ + "\n]}\n"; }

 private:
  void append(const std::string& event) {
    if (!events_.empty()) events_ += ",\n";
    events_ += event;
  }

  void name(const char* what, int process, int engine, const std::string& text) {
    append(fmt::format(R"({{"name":"{}","ph":"M","pid":{},"tid":{},"args":{{"name":{}}}}})", what, process, engine,
                       quoted(text)));
  }

  void slice(const NpuReport& report, int process, const NpuCommand& command) {
    const NpuLayer& layer = report.layers[command.layer];
    const double us = 1e6 / report.clock_hz;
    append(fmt::format(
        R"({{"name":{},"cat":{},"ph":"X","pid":{},"tid":{},"ts":{:.4f},"dur":{:.4f},"args":{{"kind":{},"cycles":{:.0f},)"
        R"("layer_cycles":{:.0f},"macs":{},"utilisation_pct":{:.1f},"bound_by":{}}}}})",
        quoted(layer.name), quoted(npu_engine_name(command.engine)), process, command.engine,
        start_us_ + command.start * us, (command.end - command.start) * us, quoted(layer.kind),
        command.end - command.start, layer.cycles, layer.macs, layer.utilisation_pct, quoted(layer.bound_by)));
  }

  std::string events_;
  double start_us_ = 0;
};

}  // namespace

std::string npu_trace(const std::vector<NpuReport>& reports) {
  Trace trace;
  for (size_t i = 0; i < reports.size(); ++i) trace.add(reports[i], static_cast<int>(i));
  return std::move(trace).text();
}

}  // namespace quern
