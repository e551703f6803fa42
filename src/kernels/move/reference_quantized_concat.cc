// Concat of 8-bit values that are quantized differently: every input is brought to the output's grid by a table.
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

/// One input: its table, and how many of its elements stand together in the output.
struct Part {
  ByteTable table;
  int64_t run = 0;
};

}  // namespace

std::unique_ptr<Kernel> concat_quantized_reference(const OpCall& call) {
  if (call.kind != OpKind::Concat || !is_quantized_8bit(call.outputs[0])) return nullptr;
  const Operand& y = call.outputs[0];
  const auto axis = static_cast<size_t>(call.as<AxisAttrs>().axis);
  std::vector<Part> parts;
  for (const Operand& x : call.inputs) {
    if (!is_quantized_8bit(x)) return nullptr;
    parts.push_back({definition_table(x, y, call.arithmetic), extent_product(x.shape, axis, x.shape.size())});
  }
  const int64_t outer = extent_product(y.shape, 0, axis);
  return make_kernel([parts, outer](const Buffers& buffers, ThreadPool&) {
    auto* out = buffers.out<uint8_t>(0);
    for (int64_t i = 0; i < outer; ++i) {
      for (size_t p = 0; p < parts.size(); ++p) {
        const uint8_t* in = buffers.in<uint8_t>(p) + i * parts[p].run;
        for (int64_t k = 0; k < parts[p].run; ++k) *out++ = parts[p].table[in[k]];
      }
    }
  });
}

}  // namespace quern
