// Unary operators, Quantize and Concat of 8-bit values by tables.
#include <cstring>
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

/// One input of a Concat.
struct Part {
  ByteTable table;
  int64_t run = 0;  ///< elements that stand together in the output
  bool copies = false;
};

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
      map(table.data(), b.in<uint8_t>(0) + begin, b.out<uint8_t>(0) + begin, end - begin);
    });
  });
}

std::unique_ptr<Kernel> make_byte_concat(const OpCall& call, MapBytes map) {
  if (call.kind != OpKind::Concat || !is_quantized_8bit(call.outputs[0])) return nullptr;
  const Operand& y = call.outputs[0];
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  std::vector<Part> parts;
  for (const Operand& x : call.inputs) {
    if (!is_quantized_8bit(x)) return nullptr;
    const ByteTable table = definition_table(x, y, call.arithmetic);
    parts.push_back({table, extent_product(x.shape, axis, x.shape.size()), is_identity(table)});
  }
  const int64_t outer = extent_product(y.shape, 0, axis);
  const int64_t whole = extent_product(y.shape, axis, y.shape.size());
  return make_kernel([parts, outer, whole, map](const Buffers& b, ThreadPool& pool) {
    pool.parallel_for(outer, std::max<int64_t>(1, kGrain / std::max<int64_t>(whole, 1)),
                      [&](int64_t begin, int64_t end) {
                        int64_t at = 0;
                        for (size_t p = 0; p < parts.size(); at += parts[p++].run) {
                          const Part& part = parts[p];
                          for (int64_t i = begin; i < end; ++i) {
                            const uint8_t* from = b.in<uint8_t>(p) + i * part.run;
                            uint8_t* to = b.out<uint8_t>(0) + i * whole + at;
                            if (part.copies) {
                              std::memcpy(to, from, static_cast<size_t>(part.run));
                            } else {
                              map(part.table.data(), from, to, part.run);
                            }
                          }
                        }
                      });
  });
}

}  // namespace quern
