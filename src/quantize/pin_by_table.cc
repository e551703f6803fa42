// From the table's lines to pins, found by name; every line must fit the model.
#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/spelling.h"
#include "quantize/absorb.h"
#include "quantize/place.h"
#include "quantize/table.h"

namespace quern {

namespace {

class Pinner {
 public:
  Pinner(Assignment& assignment, const QuantizationTable& table, DType type)
      : assignment_(assignment), table_(table), type_(type) {}

  Status run() {
    find_values();
    QUERN_CHECK(balance());
    QUERN_CHECK(absorb_offsets());
    find_products();
    pins().values.resize(graph().values.size());
    pins().products.resize(graph().ops.size());
    for (const TableRow& row : table_.rows) QUERN_CHECK(pin(row));
    for (size_t i = 0; i < pins().products.size(); ++i) QUERN_CHECK(check_product(i));
    share();
    return {};
  }

 private:
  Graph& graph() { return assignment_.graph; }
  Pins& pins() { return assignment_.pins; }

  template <typename... Args>
  Error complain(int line, fmt::format_string<Args...> sentence, Args&&... args) const {
    Error error = fail(ErrorCode::invalid_file, "line {} of '{}': {}", line, table_.file,
                       fmt::format(sentence, std::forward<Args>(args)...));
    error.file = table_.file;
    return error;
  }

  static std::string nearest(const std::string& name, const std::unordered_map<std::string, size_t>& known) {
    std::vector<std::string> names;
    for (const auto& [key, at] : known) names.push_back(key);
    std::ranges::sort(names);
    return names.empty() ? "" : fmt::format("; did you mean '{}'?", nearest_word(name, names));
  }

  void find_values() {
    for (size_t id = 0; id < graph().values.size(); ++id) {
      if (graph().values[id].constant) continue;
      values_[graph().values[id].name] = id;
      if (assignment_.stored[id]) stored_[graph().values[id].name] = id;
    }
  }

  /// Weights and biases by the names they will have.
  void find_products() {
    Graph names = graph();
    for (size_t i = 0; i < graph().ops.size(); ++i) {
      if (!assignment_.integer[i]) continue;
      place_product(names, graph(), i, {}, {});
      weights_[names.value(names.ops[i].inputs[1]).name] = i;
      biases_[names.value(names.ops[i].inputs[2]).name] = i;
    }
  }

  /// By value, the numbers of all lines of a kind, one a channel; empty when there is no such line.
  Result<std::vector<std::vector<float>>> by_channel(TableRow::Kind kind, const char* what) {
    std::vector<std::vector<float>> numbers;
    for (const TableRow& row : table_.rows) {
      if (row.kind != kind) continue;
      const auto found = values_.find(row.name);
      if (found == values_.end())
        return complain(row.line, "the model has no value '{}'{}", row.name, nearest(row.name, values_));
      const Shape& shape = graph().values[found->second].shape;
      if (shape.empty() || static_cast<int64_t>(row.numbers.size()) != shape.back())
        return complain(row.line, "{} {} for the {} channels of '{}'", row.numbers.size(), what,
                        shape.empty() ? 0 : shape.back(), row.name);
      numbers.resize(graph().values.size());
      numbers[found->second] = row.numbers;
    }
    return numbers;
  }

  Status balance() {
    QUERN_TRY(ChannelFactors factors, by_channel(TableRow::Kind::balance, "factors"));
    if (factors.empty()) return {};
    QUERN_CHECK(apply_factors(assignment_, factors));
    pins().factors = std::move(factors);
    return {};
  }

  Status absorb_offsets() {
    QUERN_TRY(const ChannelOffsets wished, by_channel(TableRow::Kind::absorb, "offsets"));
    if (wished.empty()) return {};
    QUERN_TRY(pins().offsets, absorb(assignment_, wished));
    for (const TableRow& row : table_.rows) {
      if (row.kind != TableRow::Kind::absorb) continue;
      const size_t id = values_.at(row.name);
      if (id < pins().offsets.size() && pins().offsets[id] == row.numbers) continue;
      return complain(row.line,
                      "nothing can be taken off '{}': it must be what a product with a Relu gives, and be read by "
                      "convolutions without padding or fully connected layers only",
                      row.name);
    }
    return {};
  }

  Status pin(const TableRow& row) {
    switch (row.kind) {
      case TableRow::Kind::value:
        return pin_value(row);
      case TableRow::Kind::weights:
      case TableRow::Kind::rounding:
        return pin_product(row, weights_, "weights");
      case TableRow::Kind::bias:
        return pin_product(row, biases_, "bias");
      case TableRow::Kind::keep_float:
        return check_operator(row);
      case TableRow::Kind::balance:
      case TableRow::Kind::absorb:
        break;
    }
    return {};
  }

  Status pin_value(const TableRow& row) {
    const auto found = stored_.find(row.name);
    if (found == stored_.end()) {
      if (values_.contains(row.name))
        return complain(row.line, "value '{}' stays float in this model: it has no scale", row.name);
      return complain(row.line, "the model stores no value '{}'{}", row.name, nearest(row.name, stored_));
    }
    const DType type = assignment_.wide[found->second] ? DType::int16 : type_;
    if (row.dtype != type)
      return complain(row.line, "value '{}' is {} here, and {} in what was asked for: use --activations or --int16",
                      row.name, to_string(row.dtype), to_string(type));
    const Quantization pin{{row.numbers[0]}, {row.zero_point}, 0};
    const auto root = static_cast<size_t>(assignment_.group[found->second]);
    const auto [first, fresh] = first_of_group_.emplace(root, &row);
    if (!fresh && !(*pins().value(root) == pin)) {
      return complain(row.line,
                      "'{}' has scale {} and zero point {}, and '{}' of line {} has {} and {}: an operator ties "
                      "them, they must be equal",
                      row.name, row.numbers[0], row.zero_point, first->second->name, first->second->line,
                      first->second->numbers[0], first->second->zero_point);
    }
    pins().values[root] = pin;
    return {};
  }

  Status pin_product(const TableRow& row, const std::unordered_map<std::string, size_t>& known, const char* what) {
    const auto found = known.find(row.name);
    if (found == known.end())
      return complain(row.line, "the model has no 8-bit {} '{}'{}", what, row.name, nearest(row.name, known));
    ProductPin& pin = pins().products[found->second];
    const Tensor& weights = *graph().value(graph().ops[found->second].inputs[1]).constant;
    const auto channels = static_cast<size_t>(weights.shape()[0]);
    if (row.kind == TableRow::Kind::rounding) {
      pin.rounded = row.rounded;
      if (!pin.rounded.empty() && pin.rounded.back().element >= weights.size())
        return complain(row.line, "'{}' has {} elements, and element {} is meant", row.name, weights.size(),
                        pin.rounded.back().element);
    } else if (row.numbers.size() != channels && (row.kind == TableRow::Kind::bias || row.numbers.size() != 1)) {
      return complain(row.line, "{} numbers for the {} output channels of '{}'", row.numbers.size(), channels,
                      row.name);
    } else if (row.kind == TableRow::Kind::bias) {
      pin.bias = row.numbers;
    } else {
      pin.scales = row.numbers.size() == 1 ? std::vector<float>(channels, row.numbers[0]) : row.numbers;
    }
    pin.line = row.line;
    return {};
  }

  Status check_product(size_t index) const {
    const ProductPin& pin = assignment_.pins.products[index];
    if (!pin.scales.empty() || (pin.bias.empty() && pin.rounded.empty())) return {};
    const Op& op = assignment_.graph.ops[index];
    return complain(pin.line, "a line without the line of its weights: give 'weights' for '{}' too, or take it out",
                    assignment_.graph.value(op.inputs[1]).name);
  }

  Status check_operator(const TableRow& row) const {
    const auto same = [&](const Op& op) { return op.name == row.name; };
    if (std::ranges::any_of(assignment_.graph.ops, same)) return {};
    return complain(row.line, "the model has no operator '{}'", row.name);
  }

  void share() {
    for (size_t id = 0; id < graph().values.size(); ++id) {
      if (assignment_.stored[id]) pins().values[id] = pins().values[static_cast<size_t>(assignment_.group[id])];
    }
  }

  Assignment& assignment_;
  const QuantizationTable& table_;
  DType type_;
  std::unordered_map<std::string, size_t> values_;
  std::unordered_map<std::string, size_t> stored_;
  std::unordered_map<std::string, size_t> weights_;
  std::unordered_map<std::string, size_t> biases_;
  std::unordered_map<size_t, const TableRow*> first_of_group_;
};

}  // namespace

Status pin_by_table(Assignment& assignment, const QuantizationTable& table, DType type) {
  return Pinner(assignment, table, type).run();
}

}  // namespace quern
