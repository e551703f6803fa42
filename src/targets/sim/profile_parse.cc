// The file of a target, `quern.target/1`, into a TargetProfile. docs/npu_targets.md describes every field.
#include <algorithm>

#include "targets/sim/figures.h"
#include "targets/sim/operator_rules.h"
#include "targets/sim/profile.h"

namespace quern {

namespace {

constexpr std::string_view kSchema[] = {"quern.target/1"};
constexpr std::string_view kOrigins[] = {"published", "fitted", "chosen"};
constexpr std::string_view kOverheads[] = {"layer", "level"};
/// What needs an origin beside the figures.
constexpr std::string_view kOtherOrigins[] = {"overhead.counted", "rules", "operators"};
constexpr int64_t kMaxModeId = 1000000;

constexpr std::string_view kKeys[] = {"schema",
                                      "name",
                                      "about",
                                      "clock_mhz",
                                      "macs_per_cycle",
                                      "mac_efficiency",
                                      "granule",
                                      "depthwise_gmac_per_s",
                                      "vector_gb_per_s",
                                      "scratch",
                                      "dma",
                                      "overhead",
                                      "rules",
                                      "default_mode",
                                      "modes",
                                      "operators",
                                      "provenance",
                                      "?fit"};
constexpr std::string_view kMacKeys[] = {"int8", "int16"};
constexpr std::string_view kGranuleKeys[] = {"channels_in", "channels_out"};
constexpr std::string_view kScratchKeys[] = {"bytes", "banks"};
constexpr std::string_view kDmaKeys[] = {"gb_per_s", "latency_us"};
constexpr std::string_view kOverheadKeys[] = {"layer_us", "run_us", "counted"};
constexpr std::string_view kRuleKeys[] = {"fold_kernel_row", "fuse_add", "lookup_pass"};
constexpr std::string_view kModeKeys[] = {"id", "about", "?share", "?figures", "?provenance"};
constexpr std::string_view kFitKeys[] = {"mode",          "points",        "median_error_pct",
                                         "p90_error_pct", "max_error_pct", "left_out_median_error_pct"};

Status check_shape(const Field& file) {
  QUERN_CHECK(check_keys(file, kKeys));
  QUERN_CHECK(check_keys(file.member("macs_per_cycle"), kMacKeys));
  QUERN_CHECK(check_keys(file.member("granule"), kGranuleKeys));
  QUERN_CHECK(check_keys(file.member("scratch"), kScratchKeys));
  QUERN_CHECK(check_keys(file.member("dma"), kDmaKeys));
  QUERN_CHECK(check_keys(file.member("overhead"), kOverheadKeys));
  return check_keys(file.member("rules"), kRuleKeys);
}

/// "dma.gb_per_s" below the file.
Field at_path(const Field& file, std::string_view path) {
  const size_t dot = path.find('.');
  if (dot == std::string_view::npos) return file.member(std::string(path));
  return file.member(std::string(path.substr(0, dot))).member(std::string(path.substr(dot + 1)));
}

/// Letters, digits, '-' and '_': it stands behind "sim:".
Result<std::string> target_name(const Field& field) {
  QUERN_TRY(std::string name, text(field));
  const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.size() <= 40 && std::ranges::all_of(name, fine)) return name;
  return field.wrong(fmt::format("is '{}'; up to 40 of a-z, 0-9, - and _ are needed", name));
}

/// ["published", "where it stands"]
Result<Provenance> origin(const Field& field) {
  if (!field.json->is_array() || field.json->size() != 2)
    return field.wrong("is not [ORIGIN, SOURCE], two texts such as [\"chosen\", \"a rule of thumb\"]");
  Provenance made;
  QUERN_TRY(const size_t index, word(field.element(0), kOrigins));
  made.origin = static_cast<FigureOrigin>(index);
  QUERN_TRY(made.source, text(field.element(1)));
  return made;
}

/// An origin for each of `paths`, and for nothing else.
Result<std::vector<Provenance>> origins(const Field& field, std::span<const std::string_view> paths) {
  QUERN_CHECK(check_keys(field, paths));
  std::vector<Provenance> made;
  for (const std::string_view path : paths) {
    QUERN_TRY(Provenance one, origin(field.member(std::string(path))));
    one.figure = path;
    made.push_back(std::move(one));
  }
  return made;
}

/// What a mode states of its own, over the figures it shares.
Status take_own_figures(const Field& field, TargetMode& mode) {
  std::vector<std::string_view> paths, optional_paths;
  std::vector<std::string> optional_names;
  for (const FigureRow& row : figure_rows()) optional_names.push_back("?" + std::string(row.path));
  optional_paths.assign(optional_names.begin(), optional_names.end());
  QUERN_CHECK(check_keys(field.member("figures"), optional_paths));
  for (const FigureRow& row : figure_rows()) {
    if (!field.member("figures").has(std::string(row.path).c_str())) continue;
    QUERN_CHECK(take_figure(row, field.member("figures").member(std::string(row.path)), mode.figures));
    paths.push_back(row.path);
  }
  if (!field.has("provenance")) return field.wrong("lacks the field 'provenance': where its own figures come from");
  QUERN_TRY(mode.provenance, origins(field.member("provenance"), paths));
  return {};
}

/// A share may round a figure to nothing, and must leave banks of equal size.
Status check_figures(const Field& field, const TargetFigures& figures) {
  for (const FigureRow& row : figure_rows()) {
    if (const double value = value_of(row, figures); value < row.low || value > row.high)
      return field.wrong(fmt::format("leaves {} of {}; it must be {} to {}", value, row.path, row.low, row.high));
  }
  if (figures.scratch_bytes % figures.scratch_banks != 0)
    return field.wrong(fmt::format("has {} bytes of scratch memory in {} banks, which cannot be of equal size",
                                   figures.scratch_bytes, figures.scratch_banks));
  return {};
}

Result<TargetMode> mode_of(const Field& field, const TargetFigures& whole_machine) {
  QUERN_CHECK(check_keys(field, kModeKeys));
  TargetMode mode;
  QUERN_TRY(mode.id, whole(field.member("id"), 0, kMaxModeId));
  QUERN_TRY(mode.about, text(field.member("about")));
  QUERN_CHECK(take(field, "share", mode.share, [](const Field& f) { return number(f, 0.001, 1); }));
  mode.figures = shared_figures(whole_machine, mode.share);
  if (field.has("figures")) QUERN_CHECK(take_own_figures(field, mode));
  if (field.has("provenance") && !field.has("figures"))
    return field.wrong("has the field 'provenance', but no 'figures' of its own");
  QUERN_CHECK(check_figures(field, mode.figures));
  return mode;
}

Status take_modes(const Field& file, TargetProfile& profile) {
  const auto mode = [&](const Field& f) { return mode_of(f, profile.figures); };
  QUERN_TRY(profile.modes, list(file.member("modes"), 1, mode));
  for (size_t i = 0; i < profile.modes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (profile.modes[i].id == profile.modes[j].id)
        return file.member("modes").element(i).wrong(fmt::format("has id {}, as another has", profile.modes[i].id));
    }
  }
  QUERN_TRY(profile.mode, whole(file.member("default_mode"), 0, kMaxModeId));
  return {};
}

Status take_rules(const Field& field, TargetProfile& profile) {
  QUERN_TRY(profile.fold_kernel_row, flag(field.member("fold_kernel_row")));
  QUERN_TRY(profile.fuse_add, flag(field.member("fuse_add")));
  QUERN_TRY(profile.lookup_pass, list(field.member("lookup_pass"), 0, op_kind));
  return {};
}

Result<TargetFit> fit_of(const Field& field) {
  QUERN_CHECK(check_keys(field, kFitKeys));
  TargetFit fit;
  QUERN_TRY(fit.mode, whole(field.member("mode"), 0, kMaxModeId));
  QUERN_TRY(fit.points, whole(field.member("points"), 1, kMaxModeId));
  QUERN_TRY(fit.median_error_pct, number(field.member("median_error_pct"), 0, 1e6));
  QUERN_TRY(fit.p90_error_pct, number(field.member("p90_error_pct"), 0, 1e6));
  QUERN_TRY(fit.max_error_pct, number(field.member("max_error_pct"), 0, 1e6));
  QUERN_TRY(fit.left_out_median_error_pct, number(field.member("left_out_median_error_pct"), 0, 1e6));
  return fit;
}

/// An operator may not take 16 bits that no engine has.
Status check_wide(const Field& file, const TargetProfile& profile) {
  if (profile.figures.macs_per_cycle_int16 > 0) return {};
  for (size_t i = 0; i < profile.operators.size(); ++i) {
    for (const DType type : profile.operators[i].types) {
      if (type == DType::int16 || type == DType::uint16)
        return file.member("operators").element(i).wrong("takes 16-bit values, but macs_per_cycle.int16 is 0");
    }
  }
  return {};
}

Status take_figures(const Field& file, TargetProfile& profile) {
  std::vector<std::string_view> paths(std::begin(kOtherOrigins), std::end(kOtherOrigins));
  for (const FigureRow& row : figure_rows()) {
    QUERN_CHECK(take_figure(row, at_path(file, row.path), profile.figures));
    paths.push_back(row.path);
  }
  QUERN_TRY(const size_t overhead, word(file.member("overhead").member("counted"), kOverheads));
  profile.overhead = static_cast<OverheadRule>(overhead);
  QUERN_TRY(profile.provenance, origins(file.member("provenance"), paths));
  return check_figures(file, profile.figures);
}

Status take_lists(const Field& file, TargetProfile& profile) {
  QUERN_CHECK(take_rules(file.member("rules"), profile));
  QUERN_CHECK(take_modes(file, profile));
  QUERN_TRY(profile.operators, parse_operators(file.member("operators")));
  QUERN_CHECK(take(file, "fit", profile.fits, [](const Field& f) { return list(f, 0, fit_of); }));
  for (size_t i = 0; i < profile.fits.size(); ++i) {
    const auto same = [&](const TargetMode& mode) { return mode.id == profile.fits[i].mode; };
    if (std::ranges::none_of(profile.modes, same))
      return file.member("fit").element(i).wrong(
          fmt::format("is about mode {}, which is not there", profile.fits[i].mode));
  }
  return check_wide(file, profile);
}

}  // namespace

Result<TargetProfile> parse_profile(std::string_view json, std::string_view where) {
  QUERN_TRY(const Json document, parse_json(json, std::string(where)));
  const Field file{&document, std::string(where), ""};
  QUERN_CHECK(check_shape(file));
  QUERN_TRY(const size_t schema, word(file.member("schema"), kSchema));
  (void)schema;
  TargetProfile profile;
  QUERN_TRY(profile.name, target_name(file.member("name")));
  QUERN_TRY(profile.about, text(file.member("about")));
  QUERN_CHECK(take_figures(file, profile));
  QUERN_CHECK(take_lists(file, profile));
  const int64_t mode = profile.mode;
  auto selected = with_mode(std::move(profile), mode);
  if (!selected.ok()) return file.member("default_mode").wrong(fmt::format("is {}, and no mode has that id", mode));
  return selected;
}

}  // namespace quern
