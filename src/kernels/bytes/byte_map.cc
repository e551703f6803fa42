// Unary operators, Quantize and Concat of 8-bit values by tables; Concat and Split of any bytes as they are.
#include <algorithm>
#include <optional>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/elementwise/unary_table.h"
#include "kernels/reference_kernel.h"

namespace quern {

namespace {

// Bytes that are worth a thread of their own.
constexpr int64_t kGrain = 32768;

std::optional<ByteTable> table_of(const OpCall& call) {
  if (call.kind != OpKind::Quantize) return unary_table(call);
  if (!is_quantized_8bit(call.inputs[0]) || !is_quantized_8bit(call.outputs[0])) return std::nullopt;
  return requantize_table(call.inputs[0], call.outputs[0], call.arithmetic);
}

/// One input of a Concat, or one output of a Split.
struct Part {
  std::optional<ByteTable> table;  ///< nothing: bytes are copied
  int64_t run = 0;                 ///< bytes that stand together in the whole
};

/// Blocks that stand side by side in each step of the axes before them.
struct Parts {
  std::vector<Part> parts;
  int64_t outer = 1;
  int64_t whole = 0;  ///< bytes of a step

  void add(std::optional<ByteTable> table, int64_t run) {
    parts.push_back({table, run});
    whole += run;
  }

  /// Calls move(part, table, where it begins in a step, steps [begin, end)) for each part.
  template <typename Move>
  void each(ThreadPool& pool, Move move) const {
    const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(whole, 1));
    pool.parallel_for(outer, grain, [&](int64_t begin, int64_t end) {
      int64_t at = 0;
      for (size_t p = 0; p < parts.size(); at += parts[p++].run) {
        if (parts[p].run > 0) move(p, parts[p].table ? parts[p].table->data() : nullptr, at, begin, end);
      }
    });
  }
};

int64_t run_bytes(const Operand& operand, size_t axis) {
  return extent_product(operand.shape, axis, operand.shape.size()) * static_cast<int64_t>(size_of(operand.dtype));
}

bool is_identity(const ByteTable& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i] != i) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<Kernel> make_byte_map(const OpCall& call, MapBytes map) {
  const std::optional<ByteTable> table = table_of(call);
  if (!table) return nullptr;
  return make_kernel([table = *table, map, count = call.outputs[0].size()](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
      map(table.data(), {b.in<uint8_t>(0) + begin, 0, b.out<uint8_t>(0) + begin, 0, end - begin, 1});
    });
  });
}

std::unique_ptr<Kernel> make_byte_concat(const OpCall& call, MapBytes map) {
  if (call.kind != OpKind::Concat) return nullptr;
  const Operand& y = call.outputs[0];
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  Parts parts;
  parts.outer = extent_product(y.shape, 0, axis);
  for (const Operand& x : call.inputs) {
    if (!x.present) return nullptr;
    std::optional<ByteTable> table;
    if (!same_codes(x, y)) {
      if (!is_quantized_8bit(x) || !is_quantized_8bit(y)) return nullptr;
      table = definition_table(x, y, call.arithmetic);
      if (is_identity(*table)) table.reset();
    }
    parts.add(table, run_bytes(x, axis));
  }
  return make_kernel([parts, map](const Buffers& b, ThreadPool& pool) {
    parts.each(pool, [&](size_t p, const uint8_t* table, int64_t at, int64_t begin, int64_t end) {
      const int64_t run = parts.parts[p].run;
      map(table, {b.in<uint8_t>(p) + begin * run, run, b.out<uint8_t>(0) + begin * parts.whole + at, parts.whole, run,
                  end - begin});
    });
  });
}

std::unique_ptr<Kernel> make_byte_split(const OpCall& call, MapBytes map) {
  if (call.kind != OpKind::Split) return nullptr;
  const Operand& x = call.inputs[0];
  const auto axis = static_cast<size_t>(call.as<SplitAttrs>().axis);
  Parts parts;
  parts.outer = extent_product(x.shape, 0, axis);
  for (const Operand& y : call.outputs) {
    if (!y.present || !same_codes(x, y)) return nullptr;
    parts.add(std::nullopt, run_bytes(y, axis));
  }
  return make_kernel([parts, map](const Buffers& b, ThreadPool& pool) {
    parts.each(pool, [&](size_t p, const uint8_t*, int64_t at, int64_t begin, int64_t end) {
      const int64_t run = parts.parts[p].run;
      map(nullptr, {b.in<uint8_t>(0) + begin * parts.whole + at, parts.whole, b.out<uint8_t>(p) + begin * run, run, run,
                    end - begin});
    });
  });
}

}  // namespace quern
