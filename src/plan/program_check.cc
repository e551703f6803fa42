#include "plan/program_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"
#include "plan/program_operands.h"
#include "plan/program_races.h"
#include "plan/program_rules.h"

namespace quern {

namespace {

template <typename... Args>
Error wrong(fmt::format_string<Args...> sentence, Args&&... args) {
  return fail(ErrorCode::invalid_file, "the program: {}", fmt::format(sentence, std::forward<Args>(args)...));
}

struct Figure {
  const char* name;
  double value, low, high;
};

Status check_figures(const MachineFigures& f) {
  constexpr double kLeast = 1e-6, kMost = 1e12, kMostGranule = 4096;
  const auto real = [](int64_t n) { return static_cast<double>(n); };
  const Figure figures[] = {
      {"clock_hz", f.clock_hz, 1, kMost},
      {"macs_per_cycle_8", f.macs_per_cycle_8, kLeast, kMost},
      {"macs_per_cycle_16", f.macs_per_cycle_16, kLeast, kMost},
      {"efficiency", f.efficiency, kLeast, 1},
      {"gi", real(f.gi), 1, kMostGranule},
      {"go", real(f.go), 1, kMostGranule},
      {"depthwise_per_cycle", f.depthwise_per_cycle, kLeast, kMost},
      {"vector_bytes_per_cycle", f.vector_bytes_per_cycle, kLeast, kMost},
      {"dma_bytes_per_cycle", f.dma_bytes_per_cycle, kLeast, kMost},
      {"dma_latency_cycles", f.dma_latency_cycles, 0, kMost},
      {"layer_overhead_cycles", f.layer_overhead_cycles, 0, kMost},
      {"fixed_overhead_cycles", f.fixed_overhead_cycles, 0, kMost},
      {"banks", static_cast<double>(f.banks), 1, kMostGranule},
  };
  for (const Figure& figure : figures) {
    if (figure.value >= figure.low && figure.value <= figure.high) continue;
    return wrong("its figure {} is {}; it is from {} to {}", figure.name, figure.value, figure.low, figure.high);
  }
  return {};
}

Status check_quantizations(const Program& program) {
  for (size_t i = 0; i < program.quantizations.size(); ++i) {
    const Quantization& q = program.quantizations[i];
    if (q.empty() || q.scales.size() != q.zero_points.size()) {
      return wrong("quantization {} has {} scales and {} zero points", i, q.scales.size(), q.zero_points.size());
    }
    const auto bad =
        std::find_if(q.scales.begin(), q.scales.end(), [](float s) { return !(s > 0) || !std::isfinite(s); });
    if (bad != q.scales.end()) return wrong("quantization {} has the scale {}, not finite and more than 0", i, *bad);
  }
  return {};
}

/// First and one past the last byte in the arena.
bool overlap(const PlanValue& a, const PlanValue& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// Reads and writes: values that are there, each once, what is written apart from all else.
Status check_values(const Program& program, std::span<const PlanValue> values) {
  const auto exists = [&](int32_t id) {
    if (id < 0 || static_cast<size_t>(id) >= values.size()) return false;
    const PlanValue& value = values[static_cast<size_t>(id)];
    return value.constant >= 0 || value.offset >= 0;
  };
  for (const auto* list : {&program.reads, &program.writes}) {
    std::vector<int32_t> seen;
    for (int32_t id : *list) {
      if (!exists(id)) return wrong("it names value {}, which has no memory in the plan", id);
      seen.push_back(id);
    }
    std::sort(seen.begin(), seen.end());
    const auto twice = std::adjacent_find(seen.begin(), seen.end());
    if (twice != seen.end()) return wrong("it names value {} twice", *twice);
  }
  for (int32_t id : program.writes) {
    const PlanValue& written = values[static_cast<size_t>(id)];
    if (written.constant >= 0) return wrong("it writes '{}', which is a constant", written.name);
    for (const auto* list : {&program.reads, &program.writes}) {
      for (int32_t other : *list) {
        const PlanValue& value = values[static_cast<size_t>(other)];
        if (other == id || value.constant >= 0 || !overlap(written, value)) continue;
        return wrong("'{}', which it writes, lies over '{}' in memory", written.name, value.name);
      }
    }
  }
  return {};
}

Status check_head(const Program& program, std::span<const PlanValue> values) {
  if (program.arithmetic > Arithmetic::fixed_rule) return wrong("its arithmetic is unknown");
  if (program.scratch_bytes < 0 || program.scratch_bytes > kMaxScratch) {
    return wrong("its scratch memory of {} bytes is outside 0…{}", program.scratch_bytes, kMaxScratch);
  }
  if (program.scratch_used < 0 || program.scratch_used > program.scratch_bytes) {
    return wrong("it uses {} bytes of a scratch memory of {}", program.scratch_used, program.scratch_bytes);
  }
  if (program.commands.size() > kMaxCommands) {
    return wrong("it has {} commands; the limit is {}", program.commands.size(), kMaxCommands);
  }
  if (program.layers.size() > kMaxLayers) {
    return wrong("it has {} layers; the limit is {}", program.layers.size(), kMaxLayers);
  }
  const bool negative =
      std::any_of(program.layers.begin(), program.layers.end(), [](const ProgramLayer& l) { return l.macs < 0; });
  if (negative) return wrong("a layer has a negative number of multiply-accumulates");
  QUERN_CHECK(check_figures(program.figures));
  QUERN_CHECK(check_quantizations(program));
  return check_values(program, values);
}

Status check_waits(const Program& program, size_t index) {
  const Command& command = program.commands[index];
  for (uint32_t w : command.waits) {
    if (w >= index) return fail(ErrorCode::invalid_file, "it waits for command {}, which does not come before it", w);
    if (program.commands[w].engine == command.engine) {
      return fail(ErrorCode::invalid_file, "it waits for command {} of its own engine", w);
    }
  }
  return {};
}

/// Engine, waits, and the body by itself.
Status check_command(const Program& program, std::span<const PlanValue> values, size_t index) {
  const Command& command = program.commands[index];
  QUERN_CHECK(check_waits(program, index));
  const bool dma = command.engine == Engine::load || command.engine == Engine::store;
  if (const auto* transfer = std::get_if<Transfer>(&command.body)) {
    if (!dma) return fail(ErrorCode::invalid_file, "its engine does not transfer");
    return check_transfer(program, values, command.engine, *transfer);
  }
  const auto& computation = std::get<Computation>(command.body);
  if (dma || static_cast<int>(computation.kind) >= kOpCount || engine_of(computation.kind) != command.engine) {
    return fail(ErrorCode::invalid_file, "its engine does not compute an operator of its kind");
  }
  QUERN_CHECK(check_pieces(program, computation));
  return check_operator(computation, program.quantizations);
}

/// "command 12 for Conv 'stem': ...".
Error named(const Program& program, size_t index, Error error) {
  const ProgramLayer& layer = program.layers[program.commands[index].layer];
  error.message = fmt::format("command {} for {} '{}': {}", index, layer.kind, layer.name, error.message);
  error.op = layer.name;
  error.kind = layer.kind;
  return error;
}

}  // namespace

Status check_program(const Program& program, std::span<const PlanValue> values) {
  QUERN_CHECK(check_head(program, values));
  for (size_t i = 0; i < program.commands.size(); ++i) {
    const Command& command = program.commands[i];
    if (static_cast<int>(command.engine) >= kEngines) return wrong("command {} names no engine", i);
    if (command.layer >= program.layers.size()) {
      return wrong("command {} works for layer {}, but there are {}", i, command.layer, program.layers.size());
    }
  }
  for (size_t i = 0; i < program.commands.size(); ++i) {
    if (const Status status = check_command(program, values, i); !status.ok()) return named(program, i, status.error());
  }
  return check_races(program, values);
}

}  // namespace quern
