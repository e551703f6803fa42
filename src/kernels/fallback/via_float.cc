// The last row: an operator that has quantized operands and no integer kernel is its float kernel between Dequantize
// and Quantize. That is what the Q/DQ form of a model means, so it is exact by definition.
#include <optional>

#include "kernels/convert/elements.h"
#include "kernels/reference_kernel.h"
#include "kernels/requantize.h"

namespace quern {

namespace {

bool is_stored(const Operand& operand) {
  return operand.present && is_stored_type(operand.dtype) && !operand.quantization.empty();
}

/// An integer bias without a scale of its own (ONNX QLinearConv) is on the grid s_x * s_w.
void name_bias_grid(OpCall& call) {
  const bool product =
      call.kind == OpKind::Conv || call.kind == OpKind::ConvTranspose || call.kind == OpKind::FullyConnected;
  if (!product || !call.has_input(2) || is_float(call.inputs[2].dtype) || !call.inputs[2].quantization.empty()) return;
  const Quantization& x = call.inputs[0].quantization;
  const Quantization& w = call.inputs[1].quantization;
  if (x.scales.size() != 1 || w.empty()) return;
  for (float s : w.scales) call.inputs[2].quantization.scales.push_back(x.scales[0] * s);
  call.inputs[2].quantization.zero_points.assign(w.scales.size(), 0);
  call.inputs[2].quantization.axis = 0;
}

Operand as_float(const Operand& operand) {
  return {DType::float32, operand.shape, {}, nullptr, operand.present};
}

class ViaFloat final : public Kernel {
 public:
  /// nullptr when there is no float kernel either.
  static std::unique_ptr<Kernel> make(OpCall call) {
    name_bias_grid(call);
    auto made = std::unique_ptr<ViaFloat>(new ViaFloat(call));
    OpCall inner = call;
    for (size_t i = 0; i < inner.inputs.size(); ++i) {
      if (!is_stored(call.inputs[i])) continue;
      inner.inputs[i] = as_float(call.inputs[i]);
      if (call.inputs[i].constant != nullptr) inner.inputs[i].constant = made->keep_constant(i);
    }
    for (Operand& output : inner.outputs) {
      if (is_stored(output)) output = as_float(output);
    }
    auto chosen = choose_kernel(inner, Isa::reference);
    if (!chosen.ok()) return nullptr;
    made->inner_ = std::move(chosen->kernel);
    return made;
  }

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    std::vector<const void*> in(buffers.inputs.begin(), buffers.inputs.end());
    std::vector<void*> out(buffers.outputs.begin(), buffers.outputs.end());
    std::vector<std::vector<float>> scratch(in.size() + out.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = real_input(i, buffers.inputs[i], scratch[i]);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!is_stored(call_.outputs[i])) continue;
      scratch[in.size() + i].resize(static_cast<size_t>(call_.outputs[i].size()));
      out[i] = scratch[in.size() + i].data();
    }
    inner_->run({in, out}, pool);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!is_stored(call_.outputs[i])) continue;
      quantize_elements(call_.outputs[i], scratch[in.size() + i].data(), buffers.outputs[i], call_.arithmetic);
    }
  }

 private:
  explicit ViaFloat(const OpCall& call) : call_(call), constants_(call.inputs.size()) {}

  const float* keep_constant(size_t i) {
    constants_[i].resize(static_cast<size_t>(call_.inputs[i].size()));
    dequantize_elements(call_.inputs[i], call_.inputs[i].constant, constants_[i].data());
    return constants_[i].data();
  }

  const void* real_input(size_t i, const void* stored, std::vector<float>& scratch) const {
    if (i >= call_.inputs.size() || !is_stored(call_.inputs[i])) return stored;
    if (!constants_[i].empty()) return constants_[i].data();
    scratch.resize(static_cast<size_t>(call_.inputs[i].size()));
    dequantize_elements(call_.inputs[i], stored, scratch.data());
    return scratch.data();
  }

  OpCall call_;
  std::vector<std::vector<float>> constants_;
  std::unique_ptr<Kernel> inner_;
};

}  // namespace

std::unique_ptr<Kernel> via_float(const OpCall& call) {
  if (info(call.kind).family == OpFamily::convert) return nullptr;
  const bool any = std::any_of(call.inputs.begin(), call.inputs.end(), is_stored) ||
                   std::any_of(call.outputs.begin(), call.outputs.end(), is_stored);
  return any ? ViaFloat::make(call) : nullptr;
}

}  // namespace quern
