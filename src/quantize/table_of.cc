// From an integer graph to the table's lines.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "quantize/place.h"
#include "quantize/table.h"
#include "quantize/weights.h"

namespace quern {

namespace {

/// The number with the fewest digits that is stored as `code` on a grid of `step`.
float shortest(int32_t code, float step) {
  const double real = double{step} * code;
  float number = static_cast<float>(real);
  for (int digits = 1; digits <= 9; ++digits) {
    const std::string text = fmt::format("{:.{}g}", real, digits);
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (std::nearbyint(double{number} / double{step}) == code) break;
  }
  return number;
}

TableRow row(TableRow::Kind kind, std::string name) {
  TableRow made;
  made.kind = kind;
  made.name = std::move(name);
  return made;
}

class Writer {
 public:
  Writer(const Assignment& assignment, const Changes& changes, const Graph& integers)
      : assignment_(assignment),
        factors_(changes.factors),
        offsets_(changes.offsets),
        integers_(integers),
        names_(assignment.graph) {
    for (const Value& value : integers.values) by_name_[value.name] = &value;
    for (size_t i = 0; i < names_.ops.size(); ++i) {
      if (assignment.integer[i]) place_product(names_, assignment.graph, i, {}, {});
    }
    balanced_.assign(assignment.graph.values.size(), false);
  }

  Result<QuantizationTable> run() {
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      const Op& op = graph().ops[i];
      if (assignment_.kept[i]) table_.rows.push_back(row(TableRow::Kind::keep_float, op.name));
      const bool scaled = has_constant_weights(graph(), op);
      if (scaled) add_balance(op.inputs[0]);
      if (assignment_.integer[i]) QUERN_CHECK(add_product(i));
      if (scaled) add_balance(op.outputs[0]);
      if (scaled) add_offsets(op.outputs[0]);
      for (ValueId id : op.outputs) add_value(id);
    }
    return std::move(table_);
  }

 private:
  const Graph& graph() const { return assignment_.graph; }

  void add_balance(ValueId id) {
    const auto at = static_cast<size_t>(id);
    if (at >= factors_.size() || balanced_[at]) return;
    balanced_[at] = true;
    if (std::ranges::all_of(factors_[at], [](float f) { return f == 1; })) return;
    TableRow made = row(TableRow::Kind::balance, graph().value(id).name);
    made.numbers = factors_[at];
    table_.rows.push_back(std::move(made));
  }

  /// Of what products give; what becomes of it on the way follows.
  void add_offsets(ValueId id) {
    const auto at = static_cast<size_t>(id);
    if (at >= offsets_.size() || offsets_[at].empty()) return;
    TableRow made = row(TableRow::Kind::absorb, graph().value(id).name);
    made.numbers = offsets_[at];
    table_.rows.push_back(std::move(made));
  }

  void add_value(ValueId id) {
    if (id == kNoValue || !assignment_.stored[static_cast<size_t>(id)]) return;
    const auto found = by_name_.find(graph().value(id).name);
    if (found == by_name_.end()) return;
    TableRow made = row(TableRow::Kind::value, found->first);
    made.dtype = found->second->dtype;
    made.numbers = {found->second->quantization.scales[0]};
    made.zero_point = found->second->quantization.zero_points[0];
    table_.rows.push_back(std::move(made));
  }

  Status add_product(size_t index) {
    const Op& named = names_.ops[index];
    const Value* weights = by_name_.at(names_.value(named.inputs[1]).name);
    const Value* bias = by_name_.at(names_.value(named.inputs[2]).name);
    TableRow scales = row(TableRow::Kind::weights, weights->name);
    scales.dtype = weights->dtype;
    scales.numbers = weights->quantization.scales;
    table_.rows.push_back(scales);
    add_bias(*bias);
    return add_rounding(index, *weights, scales.numbers);
  }

  void add_bias(const Value& bias) {
    const auto codes = bias.constant->data<int32_t>();
    const auto& steps = bias.quantization.scales;
    TableRow made = row(TableRow::Kind::bias, bias.name);
    for (size_t c = 0; c < codes.size(); ++c)
      made.numbers.push_back(shortest(codes[c], steps.size() == 1 ? steps[0] : steps[c]));
    table_.rows.push_back(std::move(made));
  }

  Status add_rounding(size_t index, const Value& weights, const std::vector<float>& scales) {
    const Tensor& real = *graph().value(graph().ops[index].inputs[1]).constant;
    QUERN_TRY(const Tensor plain, quantize_weights(real, scales));
    const auto nearest = plain.data<int8_t>();
    const auto codes = weights.constant->data<int8_t>();
    TableRow made = row(TableRow::Kind::rounding, weights.name);
    for (size_t i = 0; i < codes.size(); ++i) {
      const int steps = codes[i] - nearest[i];
      for (int k = 0; k < std::abs(steps); ++k) made.rounded.push_back({static_cast<int64_t>(i), steps > 0 ? 1 : -1});
    }
    if (!made.rounded.empty()) table_.rows.push_back(std::move(made));
    return {};
  }

  const Assignment& assignment_;
  const ChannelFactors& factors_;
  const ChannelOffsets& offsets_;
  const Graph& integers_;
  Graph names_;  ///< the assignment's graph with the names that integer constants get
  std::unordered_map<std::string, const Value*> by_name_;
  std::vector<bool> balanced_;
  QuantizationTable table_;
};

}  // namespace

Result<QuantizationTable> table_of(const Assignment& assignment, const Changes& changes, const Graph& integers) {
  return Writer(assignment, changes, integers).run();
}

}  // namespace quern
