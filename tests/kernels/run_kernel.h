// Runs one operator on tensors through the kernel that a session would choose.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel.h"

namespace quern::test {

/// What a test says of an output before it is computed.
struct Out {
  DType dtype = DType::float32;
  Shape shape;
  Quantization quantization = {};
};

/// An input: a tensor, one whose elements are known when the kernel is made, or nothing.
struct In {
  In(Tensor t) : tensor(std::move(t)) {}  // NOLINT(google-explicit-constructor): tests read better
  In(std::nullopt_t) : present(false) {}  // NOLINT(google-explicit-constructor)
  static In constant(Tensor t) {
    In in(std::move(t));
    in.known = true;
    return in;
  }

  Tensor tensor;
  bool known = false;
  bool present = true;
};

/// How to run: which kernels may be chosen, on how many threads, by which rule.
struct How {
  Isa isa = Isa::reference;
  int threads = 1;
  Arithmetic arithmetic = Arithmetic::float_rule;
};

/// A tensor with per-tensor quantization.
inline Tensor quantized(Tensor tensor, float scale, int32_t zero_point) {
  tensor.quantization = {{scale}, {zero_point}, 0};
  return tensor;
}

/// The call that compile would make of these operands. `inputs` must outlive it.
inline OpCall make_call(OpKind kind, const Attrs& attrs, const std::vector<In>& inputs, const std::vector<Out>& outputs,
                        Arithmetic arithmetic) {
  OpCall call;
  call.kind = kind;
  call.attrs = attrs;
  call.arithmetic = arithmetic;
  for (const In& in : inputs) {
    call.inputs.push_back({in.tensor.dtype(), in.tensor.shape(), in.tensor.quantization,
                           in.known ? in.tensor.raw() : nullptr, in.present});
  }
  for (const Out& out : outputs) call.outputs.push_back({out.dtype, out.shape, out.quantization, nullptr, true});
  return call;
}

/// What the row of that name makes of a call; nullptr when it declines.
inline std::unique_ptr<Kernel> make_of_row(const std::string& name, const OpCall& call) {
  for (const KernelRow& row : kernel_rows()) {
    if (name == row.name) return row.make(call);
  }
  ADD_FAILURE() << "there is no kernel row " << name;
  return nullptr;
}

/// Runs a kernel over inputs into fresh outputs, which are filled with 0xA5 first so that what is not written shows.
inline std::vector<Tensor> run_chosen(const Kernel& kernel, const std::vector<In>& inputs,
                                      const std::vector<Out>& outputs, int threads) {
  std::vector<Tensor> results;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const In& input : inputs) in.push_back(input.present ? input.tensor.raw() : nullptr);
  for (const Out& output : outputs) {
    Tensor tensor = *Tensor::make(output.dtype, output.shape);
    tensor.quantization = output.quantization;
    auto* bytes = static_cast<unsigned char*>(tensor.mutable_raw());
    std::fill(bytes, bytes + tensor.bytes(), static_cast<unsigned char>(0xA5));
    out.push_back(tensor.mutable_raw());
    results.push_back(std::move(tensor));
  }
  ThreadPool pool(threads);
  kernel.run({in, out}, pool);
  return results;
}

/// Chooses, runs, and gives the outputs; the error of choose_kernel when no kernel does it. `row` receives its name.
inline Result<std::vector<Tensor>> run_kernel(OpKind kind, const Attrs& attrs, const std::vector<In>& inputs,
                                              const std::vector<Out>& outputs, const How& how = {},
                                              std::string* row = nullptr) {
  auto chosen = choose_kernel(make_call(kind, attrs, inputs, outputs, how.arithmetic), how.isa);
  if (!chosen.ok()) return chosen.status();
  if (row != nullptr) *row = chosen->row->name;
  return run_chosen(*chosen->kernel, inputs, outputs, how.threads);
}

/// The elements of the first output, or nothing when no kernel does it (so that a comparison with values fails).
template <typename T>
std::vector<T> run_one(OpKind kind, const Attrs& attrs, const std::vector<In>& inputs, const Out& output,
                       const How& how = {}) {
  auto results = run_kernel(kind, attrs, inputs, {output}, how);
  if (!results.ok()) return {};
  const auto data = results->front().template data<T>();
  return {data.begin(), data.end()};
}

}  // namespace quern::test
