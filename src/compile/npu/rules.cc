#include "compile/npu/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/npu/arithmetic.h"
#include "plan/program_rules.h"

namespace quern::npu {

namespace {

using Broken = std::optional<std::string>;

/// Kernel, strides, dilations and pads of any operator that slides a window.
struct Window {
  Pair kernel{1, 1}, strides{1, 1}, dilations{1, 1};
  Pads pads{};
};

std::optional<Window> window_of(const Facts& f) {
  const auto weights = [&]() -> Pair {
    const Shape& w = f.plan.values[static_cast<size_t>(f.step.inputs[1])].shape;
    return {w[1], w[2]};
  };
  if (const auto* a = std::get_if<ConvAttrs>(&f.step.attrs))
    return Window{weights(), a->strides, a->dilations, a->pads};
  if (const auto* a = std::get_if<ConvTransposeAttrs>(&f.step.attrs))
    return Window{weights(), a->strides, a->dilations, a->pads};
  if (const auto* a = std::get_if<PoolAttrs>(&f.step.attrs))
    return Window{a->kernel, a->strides, a->dilations, a->pads};
  return std::nullopt;
}

const PlanValue& operand(const Facts& f, size_t i) {
  return f.plan.values[static_cast<size_t>(f.step.inputs[i])];
}
const PlanValue& result(const Facts& f) {
  return f.plan.values[static_cast<size_t>(f.step.outputs[0])];
}

std::string range_text(const Bounds& bounds) {
  if (bounds.low == std::numeric_limits<int64_t>::min()) return fmt::format("at most {}", bounds.high);
  if (bounds.high == std::numeric_limits<int64_t>::max()) return fmt::format("at least {}", bounds.low);
  return bounds.low == bounds.high ? fmt::format("{}", bounds.low) : fmt::format("{}..{}", bounds.low, bounds.high);
}

std::string bounds_stated(const char* what, const std::optional<Bounds>& bounds) {
  return bounds ? fmt::format("{} {}", what, range_text(*bounds)) : "";
}

/// "kernel 5x19 is beyond 1..18 of ax620; …" when one of two numbers is outside.
Broken pair_broken(const Facts& f, const std::optional<Bounds>& bounds, Pair pair, const char* what, const char* help) {
  if (!bounds || (bounds->holds(pair[0]) && bounds->holds(pair[1]))) return std::nullopt;
  return fmt::format("{} {}x{} is beyond {} of {}; {}", what, pair[0], pair[1], range_text(*bounds), f.profile.name,
                     help);
}

Broken number_broken(const Facts& f, const std::optional<Bounds>& bounds, int64_t n, const char* what,
                     const char* help) {
  if (!bounds || bounds->holds(n)) return std::nullopt;
  return fmt::format("{} {} is beyond {} of {}; {}", what, n, range_text(*bounds), f.profile.name, help);
}

// --- kernel ---
std::string kernel_stated(const OperatorRule& r) {
  return bounds_stated("kernel", r.kernel);
}
Broken kernel_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  return w ? pair_broken(f, r.kernel, w->kernel, "kernel", "make it several smaller ones") : Broken{};
}
std::string extent_stated(const OperatorRule& r) {
  return bounds_stated("kernel with dilation", r.kernel_extent);
}
Broken extent_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  if (!w) return {};
  const auto reach = [&](size_t i) { return (w->kernel[i] - 1) * w->dilations[i] + 1; };
  return pair_broken(f, r.kernel_extent, {reach(0), reach(1)}, "kernel", "make it several smaller ones");
}
std::string dilation_stated(const OperatorRule& r) {
  return bounds_stated("dilation", r.dilation);
}
Broken dilation_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  return w ? pair_broken(f, r.dilation, w->dilations, "dilation", "write the zeros between the taps into the kernel")
           : Broken{};
}

// --- pads ---
std::string pad_stated(const OperatorRule& r) {
  return bounds_stated("pad", r.pad);
}
Broken pad_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  if (!w || !r.pad) return {};
  for (int64_t pad : w->pads) {
    if (auto broken = number_broken(f, r.pad, pad, "pad", "put a Pad before the operator")) return broken;
  }
  return {};
}
std::string symmetric_stated(const OperatorRule& r) {
  return r.symmetric_pads ? "equal pads on both sides" : "";
}
Broken symmetric_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  if (!w || !r.symmetric_pads || (w->pads[0] == w->pads[2] && w->pads[1] == w->pads[3])) return {};
  return fmt::format(
      "pads {} {} {} {} (top, left, bottom, right) differ between sides, which {} does not do; put a Pad "
      "before the operator",
      w->pads[0], w->pads[1], w->pads[2], w->pads[3], f.profile.name);
}
std::string include_pad_stated(const OperatorRule& r) {
  return r.no_include_pad ? "pads not counted" : "";
}
Broken include_pad_broken(const OperatorRule& r, const Facts& f) {
  const auto* a = std::get_if<PoolAttrs>(&f.step.attrs);
  if (a == nullptr || !r.no_include_pad || !a->count_include_pad || a->pads == Pads{}) return {};
  return fmt::format(
      "its average counts the padding, which {} does not do; put a Pad before it and pool without padding",
      f.profile.name);
}

// --- strides ---
std::string strides_stated(const OperatorRule& r) {
  if (r.strides.empty()) return "";
  std::string text = "stride";
  for (const Pair& s : r.strides) text += fmt::format("{} {}x{}", &s == r.strides.data() ? "" : ",", s[0], s[1]);
  return r.stride_as_kernel.empty() ? text : text + " or equal to the kernel";
}
bool stride_is_kernel(const OperatorRule& r, const Window& w) {
  const auto line = [&](int64_t n) {
    return std::find(r.stride_line_not.begin(), r.stride_line_not.end(), n) == r.stride_line_not.end();
  };
  return w.strides == w.kernel &&
         std::any_of(r.stride_as_kernel.begin(), r.stride_as_kernel.end(), [&](StrideForm form) {
           if (form == StrideForm::square) return w.strides[0] == w.strides[1];
           if (form == StrideForm::tall) return w.strides[1] == 1 && line(w.strides[0]);
           return w.strides[0] == 1 && line(w.strides[1]);
         });
}
Broken strides_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  if (!w || r.strides.empty()) return {};
  if (std::find(r.strides.begin(), r.strides.end(), w->strides) != r.strides.end() || stride_is_kernel(r, *w))
    return {};
  return fmt::format("stride {}x{} of kernel {}x{} is not one of {} ({}); use a stride of the list", w->strides[0],
                     w->strides[1], w->kernel[0], w->kernel[1], f.profile.name, strides_stated(r));
}
std::string in_strides_stated(const OperatorRule& r) {
  return r.output_width_in_strides ? "output width a multiple of the stride" : "";
}
Broken in_strides_broken(const OperatorRule& r, const Facts& f) {
  const auto w = window_of(f);
  if (!w || !r.output_width_in_strides) return {};
  const int64_t width = result(f).shape[2];
  if (width % w->strides[1] == 0) return {};
  return fmt::format(
      "output width {} is not a multiple of the stride {}, which {} asks for; give the model an input whose "
      "width makes it one, or compute more columns and drop them",
      width, w->strides[1], f.profile.name);
}

// --- extents ---
std::string width_stated(const OperatorRule& r) {
  return bounds_stated("input width", r.width);
}
Broken width_broken(const OperatorRule& r, const Facts& f) {
  const Shape& x = operand(f, 0).shape;
  return x.size() == 4 ? number_broken(f, r.width, x[2], "input width", "give the model a narrower input") : Broken{};
}
std::string taps_stated(const OperatorRule& r) {
  return bounds_stated("kernel height x width x input channels", r.window);
}
Broken taps_broken(const OperatorRule& r, const Facts& f) {
  if (!r.window || (f.step.kind != OpKind::Conv && f.step.kind != OpKind::ConvTranspose)) return {};
  const Shape& w = operand(f, 1).shape;
  return number_broken(f, r.window, w[1] * w[2] * w[3], "kernel height x width x input channels",
                       "split the input channels and add the results");
}
std::string channels_stated(const OperatorRule& r) {
  const std::string in = bounds_stated("input channels", r.channels_in);
  const std::string out = bounds_stated("output channels", r.channels_out);
  return in + (in.empty() || out.empty() ? "" : ", ") + out;
}
Broken channels_broken(const OperatorRule& r, const Facts& f) {
  const Shape& x = operand(f, 0).shape;
  const Shape& y = result(f).shape;
  if (x.empty() || y.empty()) return {};
  if (auto broken = number_broken(f, r.channels_in, x.back(), "input channels", "split them over several operators"))
    return broken;
  return number_broken(f, r.channels_out, y.back(), "output channels", "split them over several operators");
}
std::string rank_stated(const OperatorRule& r) {
  return bounds_stated("axes of the input", r.rank);
}
Broken rank_broken(const OperatorRule& r, const Facts& f) {
  if (f.step.inputs.empty()) return {};
  return number_broken(f, r.rank, static_cast<int64_t>(operand(f, 0).shape.size()), "number of axes",
                       "reshape its input before it");
}

// --- modes ---
std::string modes_stated(const OperatorRule& r) {
  std::string text;
  for (const std::string& mode : r.modes) text += (text.empty() ? "mode " : ", ") + mode;
  return text;
}
const char* mode_of(const PlanStep& step) {
  constexpr const char* kPads[] = {"constant", "reflect", "edge", "wrap", "symmetric"};
  constexpr const char* kResizes[] = {"nearest", "linear", "cubic"};
  if (const auto* a = std::get_if<PadAttrs>(&step.attrs)) return kPads[static_cast<size_t>(a->mode)];
  if (const auto* a = std::get_if<ResizeAttrs>(&step.attrs)) return kResizes[static_cast<size_t>(a->mode)];
  return nullptr;
}
Broken modes_broken(const OperatorRule& r, const Facts& f) {
  const char* mode = mode_of(f.step);
  if (mode == nullptr || r.modes.empty() || std::find(r.modes.begin(), r.modes.end(), mode) != r.modes.end()) return {};
  return fmt::format("mode {} is not one of {} ({}); use one that is", mode, f.profile.name, modes_stated(r));
}
std::string pad_values_stated(const OperatorRule& r) {
  std::string text;
  for (double value : r.pad_values) text += (text.empty() ? "pad value " : ", ") + fmt::format("{}", value);
  return text;
}
Broken pad_values_broken(const OperatorRule& r, const Facts& f) {
  const auto* a = std::get_if<PadAttrs>(&f.step.attrs);
  if (a == nullptr || r.pad_values.empty() || a->mode != PadMode::constant) return {};
  if (std::find(r.pad_values.begin(), r.pad_values.end(), a->value) != r.pad_values.end()) return {};
  return fmt::format("pad value {} is not one of {} ({}); pad with 0", a->value, f.profile.name, pad_values_stated(r));
}
std::string step_stated(const OperatorRule& r) {
  return bounds_stated("step", r.step);
}
Broken step_broken(const OperatorRule& r, const Facts& f) {
  const auto* a = std::get_if<SliceAttrs>(&f.step.attrs);
  if (a == nullptr || !r.step) return {};
  for (int64_t step : a->steps) {
    if (auto broken = number_broken(f, r.step, step, "step", "slice in steps of 1")) return broken;
  }
  return {};
}

// --- neighbours ---
std::string after_stated(const OperatorRule& r) {
  std::string text;
  for (OpKind kind : r.only_after) text += fmt::format("{}{}", text.empty() ? "only after " : ", ", info(kind).name);
  return text;
}
Broken after_broken(const OperatorRule& r, const Facts& f) {
  if (r.only_after.empty()) return {};
  if (f.before && std::find(r.only_after.begin(), r.only_after.end(), f.before->kind) != r.only_after.end()) return {};
  return fmt::format(
      "{} does it {}, and here it follows {}; replace it by an activation without that condition", f.profile.name,
      after_stated(r),
      f.before ? fmt::format("{} '{}'", info(f.before->kind).name, f.before->name) : std::string("no operator"));
}

constexpr Limit kLimits[] = {
    {"kernel", kernel_stated, kernel_broken},
    {"kernel with dilation", extent_stated, extent_broken},
    {"dilation", dilation_stated, dilation_broken},
    {"stride", strides_stated, strides_broken},
    {"output width", in_strides_stated, in_strides_broken},
    {"pad", pad_stated, pad_broken},
    {"pads on both sides", symmetric_stated, symmetric_broken},
    {"counted pads", include_pad_stated, include_pad_broken},
    {"input width", width_stated, width_broken},
    {"taps", taps_stated, taps_broken},
    {"channels", channels_stated, channels_broken},
    {"axes", rank_stated, rank_broken},
    {"mode", modes_stated, modes_broken},
    {"pad value", pad_values_stated, pad_values_broken},
    {"step", step_stated, step_broken},
    {"neighbour", after_stated, after_broken},
};

}  // namespace

std::span<const Limit> limits() {
  return kLimits;
}

std::optional<std::string> refusal(const Facts& facts) {
  const OperatorRule* rule = rule_for(facts.profile, facts.step.kind);
  // A Split is compiled as slices in steps of 1.
  if (rule == nullptr && facts.step.kind == OpKind::Split) rule = rule_for(facts.profile, OpKind::Slice);
  if (auto broken = types_broken(rule, facts)) return broken;
  if (rule == nullptr) {
    return fmt::format("{} has no {}; the CPU does it", facts.profile.name, info(facts.step.kind).name);
  }
  if (!rule->on_npu) {
    return fmt::format("{} leaves {} to the CPU{}{}", facts.profile.name, info(facts.step.kind).name,
                       rule->note.empty() ? "" : ": ", rule->note);
  }
  if (facts.step.kind != OpKind::Split && !engine_of(facts.step.kind)) {
    return fmt::format("{} has {}, but the machine of simulated NPUs does not compute it; the CPU does it",
                       facts.profile.name, info(facts.step.kind).name);
  }
  for (const Limit& limit : kLimits) {
    if (auto broken = limit.broken(*rule, facts)) return broken;
  }
  return arithmetic_broken(facts);
}

}  // namespace quern::npu
