#include "targets/sim/operator_rules.h"

#include <array>
#include <set>

#include "graph/enum_names.h"

namespace quern {

namespace {

using Rule = OperatorRule;

constexpr std::string_view kKeys[] = {"kinds",
                                      "types",
                                      "?on_npu",
                                      "?kernel",
                                      "?kernel_extent",
                                      "?dilation",
                                      "?pad",
                                      "?channels_in",
                                      "?channels_out",
                                      "?width",
                                      "?window",
                                      "?step",
                                      "?rank",
                                      "?strides",
                                      "?stride_as_kernel",
                                      "?stride_line_not",
                                      "?output_width_in_strides",
                                      "?symmetric_pads",
                                      "?no_include_pad",
                                      "?only_after",
                                      "?modes",
                                      "?pad_values",
                                      "?note"};

constexpr std::pair<const char*, std::optional<Bounds> Rule::*> kBounds[] = {
    {"kernel", &Rule::kernel},
    {"kernel_extent", &Rule::kernel_extent},
    {"dilation", &Rule::dilation},
    {"pad", &Rule::pad},
    {"channels_in", &Rule::channels_in},
    {"channels_out", &Rule::channels_out},
    {"width", &Rule::width},
    {"window", &Rule::window},
    {"step", &Rule::step},
    {"rank", &Rule::rank},
};

constexpr std::pair<const char*, bool Rule::*> kFlags[] = {
    {"on_npu", &Rule::on_npu},
    {"output_width_in_strides", &Rule::output_width_in_strides},
    {"symmetric_pads", &Rule::symmetric_pads},
    {"no_include_pad", &Rule::no_include_pad},
};

constexpr std::pair<std::string_view, DType> kTypes[] = {
    {"int8", DType::int8},     {"uint8", DType::uint8},     {"int16", DType::int16},
    {"uint16", DType::uint16}, {"float32", DType::float32},
};
constexpr std::string_view kStrideForms[] = {"square", "tall", "wide"};
constexpr int64_t kLimit = int64_t{1} << 40;  // beyond any extent of a tensor

Result<Bounds> bounds(const Field& field) {
  const bool two = field.json->is_array() && field.json->size() == 2;
  if (!two) return field.wrong("is not [LOWEST, HIGHEST], two whole numbers");
  Bounds made;
  QUERN_TRY(made.low, whole(field.element(0), -kLimit, kLimit));
  QUERN_TRY(made.high, whole(field.element(1), made.low, kLimit));
  return made;
}

Result<Pair> stride(const Field& field) {
  const bool two = field.json->is_array() && field.json->size() == 2;
  if (!two) return field.wrong("is not [VERTICAL, HORIZONTAL], two whole numbers");
  Pair made{};
  QUERN_TRY(made[0], whole(field.element(0), 1, kLimit));
  QUERN_TRY(made[1], whole(field.element(1), 1, kLimit));
  return made;
}

Result<DType> data_type(const Field& field) {
  std::array<std::string_view, std::size(kTypes)> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kTypes[i].first;
  QUERN_TRY(const size_t index, word(field, names));
  return kTypes[index].second;
}

Result<StrideForm> stride_form(const Field& field) {
  QUERN_TRY(const size_t index, word(field, kStrideForms));
  return static_cast<StrideForm>(index);
}

/// A word of Resize's or Pad's mode.
Result<std::string> mode_word(const Field& field) {
  std::vector<std::string_view> names(std::begin(kResizeModeNames), std::end(kResizeModeNames));
  names.insert(names.end(), std::begin(kPadModeNames), std::end(kPadModeNames));
  QUERN_TRY(const size_t index, word(field, names));
  return std::string(names[index]);
}

/// A number, or "-inf" and "inf", which JSON has no number for.
Result<double> pad_value(const Field& field) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (*field.json == "-inf") return -kInfinity;
  if (*field.json == "inf") return kInfinity;
  return number(field, -1e30, 1e30);
}

Status take_lists(const Field& field, Rule& rule) {
  const auto strides = [](const Field& f) { return list(f, 1, stride); };
  const auto forms = [](const Field& f) { return list(f, 1, stride_form); };
  const auto extent = [](const Field& f) { return whole(f, 1, kLimit); };
  const auto extents = [&](const Field& f) { return list(f, 1, extent); };
  const auto kinds = [](const Field& f) { return list(f, 1, op_kind); };
  const auto modes = [](const Field& f) { return list(f, 1, mode_word); };
  const auto pad_values = [](const Field& f) { return list(f, 1, pad_value); };
  QUERN_CHECK(take(field, "strides", rule.strides, strides));
  QUERN_CHECK(take(field, "stride_as_kernel", rule.stride_as_kernel, forms));
  QUERN_CHECK(take(field, "stride_line_not", rule.stride_line_not, extents));
  QUERN_CHECK(take(field, "only_after", rule.only_after, kinds));
  QUERN_CHECK(take(field, "modes", rule.modes, modes));
  return take(field, "pad_values", rule.pad_values, pad_values);
}

/// Float values cross only where they become or cease to be integers.
Status check_types(const Field& field, const Rule& rule) {
  for (const DType type : rule.types) {
    for (const OpKind kind : rule.kinds) {
      if (type == DType::float32 && kind != OpKind::Quantize && kind != OpKind::Dequantize)
        return field.wrong(
            fmt::format("gives float32 to {}; an NPU has it in Quantize and Dequantize alone", info(kind).name));
    }
  }
  return {};
}

Result<Rule> rule_of(const Field& field) {
  QUERN_CHECK(check_keys(field, kKeys));
  Rule rule;
  QUERN_TRY(rule.kinds, list(field.member("kinds"), 1, op_kind));
  QUERN_TRY(rule.types, list(field.member("types"), 1, data_type));
  for (const auto& [key, member] : kBounds) QUERN_CHECK(take(field, key, rule.*member, bounds));
  for (const auto& [key, member] : kFlags) QUERN_CHECK(take(field, key, rule.*member, flag));
  QUERN_CHECK(take_lists(field, rule));
  QUERN_CHECK(take(field, "note", rule.note, text));
  QUERN_CHECK(check_types(field, rule));
  return rule;
}

}  // namespace

Result<OpKind> op_kind(const Field& field) {
  std::vector<std::string_view> names;
  for (const OpInfo& op : kOps) names.push_back(op.name);
  QUERN_TRY(const size_t index, word(field, names));
  return static_cast<OpKind>(index);
}

Result<std::vector<OperatorRule>> parse_operators(const Field& field) {
  QUERN_TRY(std::vector<Rule> rules, list(field, 1, rule_of));
  std::set<OpKind> seen;
  for (size_t i = 0; i < rules.size(); ++i) {
    for (const OpKind kind : rules[i].kinds) {
      if (!seen.insert(kind).second)
        return field.element(i).wrong(fmt::format("names {}, which stands in a row already", info(kind).name));
    }
  }
  return rules;
}

}  // namespace quern
