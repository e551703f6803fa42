#include "targets/sim/detail.h"

#include <algorithm>

#include "base/error.h"
#include "targets/sim/figures.h"

namespace quern {

namespace {

constexpr const char* kOriginNames[] = {"published", "fitted", "chosen"};

/// "simulated; latency fitted to 15 published figures, median error 11.9 %", over all modes that were fitted.
std::string reason_of(const TargetProfile& profile) {
  if (profile.fits.empty()) return "simulated; held against no published latency";
  std::string text = "simulated; latency fitted to";
  const char* separator = " ";
  for (const TargetFit& fit : profile.fits) {
    text += fmt::format("{}{} published figures", separator, fit.points);
    if (profile.modes.size() > 1) text += fmt::format(" of mode {}", fit.mode);
    text += fmt::format(", median error {} %", fit.median_error_pct);
    separator = "; ";
  }
  return text;
}

TargetInfo info_of(const TargetProfile& profile) {
  return {"sim:" + profile.name, profile.about, true, reason_of(profile)};
}

/// The origin of a figure: the mode's own where the mode states it.
const Provenance& origin_of(const TargetProfile& profile, std::string_view path) {
  const auto same = [&](const Provenance& row) { return row.figure == path; };
  for (const TargetMode& mode : profile.modes) {
    if (mode.id != profile.mode) continue;
    if (const auto own = std::ranges::find_if(mode.provenance, same); own != mode.provenance.end()) return *own;
  }
  return *std::ranges::find_if(profile.provenance, same);
}

double share_of(const TargetProfile& profile) {
  for (const TargetMode& mode : profile.modes) {
    if (mode.id == profile.mode) return mode.share;
  }
  return 1;
}

std::vector<TargetFigureRow> figures_of(const TargetProfile& profile) {
  std::vector<TargetFigureRow> rows;
  const auto add = [&](std::string_view path, std::string value, bool shared) {
    const Provenance& origin = origin_of(profile, path);
    const bool own = shared && share_of(profile) < 1;
    rows.push_back(
        {std::string(path), std::move(value), kOriginNames[static_cast<size_t>(origin.origin)],
         own ? fmt::format("{}; this mode's share is {}", origin.source, share_of(profile)) : origin.source});
  };
  for (const FigureRow& row : figure_rows())
    add(row.path, fmt::format("{:.10g}", value_of(row, profile.figures)), row.shared);
  add("overhead.counted", profile.overhead == OverheadRule::layer ? "layer" : "level", false);
  const auto rule = [&](const char* name, std::string value) {
    add("rules", std::move(value), false);
    rows.back().name = name;
  };
  rule("rules.fold_kernel_row", profile.fold_kernel_row ? "true" : "false");
  rule("rules.fuse_add", profile.fuse_add ? "true" : "false");
  rule("rules.lookup_pass", fmt::format("{} kinds", profile.lookup_pass.size()));
  add("operators", fmt::format("{} rows", profile.operators.size()), false);
  return rows;
}

TargetOperatorRow operators_of(const OperatorRule& rule) {
  TargetOperatorRow row;
  for (const OpKind kind : rule.kinds) row.kinds.emplace_back(info(kind).name);
  row.device = rule.on_npu ? "npu" : "cpu";
  for (const DType type : rule.types) row.types.emplace_back(to_string(type));
  row.limits = limits_of(rule);
  return row;
}

std::string strides_text(const OperatorRule& rule) {
  std::vector<std::string> texts;
  for (const Pair& stride : rule.strides) texts.push_back(fmt::format("{}x{}", stride[0], stride[1]));
  constexpr const char* kForms[] = {"NxN", "Nx1", "1xN"};
  for (const StrideForm form : rule.stride_as_kernel)
    texts.push_back(fmt::format("the kernel's when it is {}", kForms[static_cast<size_t>(form)]));
  std::string text = fmt::format("strides {}", fmt::join(texts, ", "));
  if (!rule.stride_line_not.empty())
    text += fmt::format(" (Nx1 and 1xN not with N {})", fmt::join(rule.stride_line_not, " or "));
  return text;
}

}  // namespace

std::vector<std::string> limits_of(const OperatorRule& rule) {
  std::vector<std::string> texts;
  const auto bounds = [&](const char* what, const std::optional<Bounds>& limit) {
    if (!limit) return;
    texts.push_back(limit->low == limit->high ? fmt::format("{} {}", what, limit->low)
                                              : fmt::format("{} {} to {}", what, limit->low, limit->high));
  };
  bounds("kernel", rule.kernel);
  bounds("kernel with dilation", rule.kernel_extent);
  bounds("dilation", rule.dilation);
  if (!rule.strides.empty() || !rule.stride_as_kernel.empty()) texts.push_back(strides_text(rule));
  bounds("pad", rule.pad);
  bounds("input channels", rule.channels_in);
  bounds("output channels", rule.channels_out);
  bounds("input width", rule.width);
  bounds("kernel height * width * input channels", rule.window);
  bounds("step", rule.step);
  bounds("rank", rule.rank);
  if (rule.output_width_in_strides) texts.push_back("output width a multiple of the horizontal stride");
  if (rule.symmetric_pads) texts.push_back("equal pads on both sides");
  if (rule.no_include_pad) texts.push_back("pads not counted");
  std::vector<std::string_view> before;
  for (const OpKind kind : rule.only_after) before.push_back(info(kind).name);
  if (!before.empty()) texts.push_back(fmt::format("only after {}", fmt::join(before, ", ")));
  if (!rule.modes.empty()) texts.push_back(fmt::format("mode {}", fmt::join(rule.modes, ", ")));
  if (!rule.pad_values.empty()) texts.push_back(fmt::format("value {}", fmt::join(rule.pad_values, " or ")));
  if (!rule.note.empty()) texts.push_back(rule.note);
  return texts;
}

std::vector<TargetInfo> simulated_targets() {
  std::vector<TargetInfo> rows;
  for (const ShippedProfile& shipped : shipped_profiles()) {
    const std::string name = fmt::format("sim:{}", shipped.name);
    const auto profile = parse_profile(shipped.json, name);
    rows.push_back(profile.ok() ? info_of(*profile) : TargetInfo{name, "", false, profile.error().message});
  }
  return rows;
}

Result<TargetDetail> describe_target(const std::string& name, std::optional<int64_t> mode) {
  if (!name.starts_with("sim:"))
    return fail(ErrorCode::invalid_argument, "'{}' is not a simulated target; those are sim:CHIP and sim:FILE.json",
                name);
  QUERN_TRY(TargetProfile profile, find_profile(name));
  if (mode) {
    QUERN_TRY(profile, with_mode(std::move(profile), *mode));
  }
  TargetDetail detail{info_of(profile), figures_of(profile), {}, {}, {}};
  for (const OpKind kind : profile.lookup_pass) detail.lookup_pass.emplace_back(info(kind).name);
  for (const TargetMode& row : profile.modes) detail.modes.push_back({row.id, row.about, row.id == profile.mode});
  for (const OperatorRule& rule : profile.operators) detail.operators.push_back(operators_of(rule));
  return detail;
}

}  // namespace quern
