#include "kernels/kernel.h"

#include "base/error.h"

namespace quern {

#define QUERN_KERNEL(name, isa, factory) std::unique_ptr<Kernel> factory(const OpCall& call);
#include "kernels/kernels.inc"
#undef QUERN_KERNEL

namespace {

std::string operands_text(const std::vector<Operand>& operands) {
  std::string text;
  for (const Operand& operand : operands) {
    if (!text.empty()) text += ", ";
    text += operand.present ? fmt::format("{} {}", to_string(operand.dtype), to_string(operand.shape)) : "absent";
  }
  return text;
}

}  // namespace

std::span<const KernelRow> kernel_rows() {
  static constexpr KernelRow kRows[] = {
#define QUERN_KERNEL(name, isa, factory) {#name, Isa::isa, factory},
#include "kernels/kernels.inc"
#undef QUERN_KERNEL
  };
  return kRows;
}

Result<ChosenKernel> choose_kernel(const OpCall& call, Isa limit) {
  for (const KernelRow& row : kernel_rows()) {
    if (row.isa > limit || !supported(row.isa)) continue;
    if (auto kernel = row.make(call)) return ChosenKernel{std::move(kernel), &row};
  }
  return fail(ErrorCode::unsupported, "no kernel computes {} of ({}) to ({})", info(call.kind).name,
              operands_text(call.inputs), operands_text(call.outputs));
}

}  // namespace quern
