#include "measure/compare/match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string_view>

#include "base/error.h"
#include "prepare/evaluate.h"
#include "run/layout.h"

namespace quern {

namespace {

using Order = std::vector<int64_t>;

/// Where a value stands: its name in the file, and how the file's array is made of it.
struct Place {
  std::string name;
  Order order;  ///< file extent i = value extent order[i]; empty: as it is
};

Place place_of(const Value& value) {
  const Twin twin = twin_of(value.name, value.shape.size());
  Place place{twin.name, {}};
  for (size_t axis : twin.order) place.order.push_back(static_cast<int64_t>(axis));
  return place;
}

Order identity(size_t rank) {
  Order order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Order inverse(const Order& order) {
  Order result(order.size());
  for (size_t i = 0; i < order.size(); ++i) result[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return result;
}

/// First `a`, then `b`: extent i of the result is extent a[b[i]].
Order then(const Order& a, const Order& b) {
  Order result;
  for (int64_t axis : b) result.push_back(a[static_cast<size_t>(axis)]);
  return result;
}

Shape permute(const Shape& shape, const Order& order) {
  Shape result;
  for (int64_t axis : order) result.push_back(shape[static_cast<size_t>(axis)]);
  return result;
}

int64_t count_of(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

/// How the reference's array becomes the candidate's, or nothing when shapes forbid it. `plain` is the order that the
/// names' layouts tell.
std::optional<Order> turn_between(const Shape& from, const Shape& to, const Order& plain) {
  const auto ident = identity(from.size());
  if (plain.size() == to.size() && permute(from, plain) == to) return plain == ident ? Order{} : plain;
  if (from == to) return Order{};
  if (from.size() == 4 && to.size() == 4) {
    for (const Order& order : {Order{0, 2, 3, 1}, Order{0, 3, 1, 2}}) {
      if (permute(from, order) == to) return order;
    }
  }
  if (count_of(from) == count_of(to) && (from.size() < 4 || to.size() < 4)) return Order{};
  return std::nullopt;
}

constexpr std::array kAppended = {"_QuantizeLinear_Output",
                                  "_DequantizeLinear_Output",
                                  "_QuantizeLinear",
                                  "_DequantizeLinear",
                                  "_quantized",
                                  "_dequantized",
                                  "_int8",
                                  "_uint8",
                                  "_q",
                                  "_dq"};

/// The name, and what is left when a quantizer's words are taken away; converters join names by ';'.
std::vector<std::string> spellings(const std::string& name) {
  std::vector<std::string> all{name};
  for (const char* suffix : kAppended) {
    if (name.ends_with(suffix)) all.push_back(name.substr(0, name.size() - std::string_view(suffix).size()));
  }
  const size_t count = all.size();
  for (size_t i = 0; i < count; ++i) {
    if (const size_t end = all[i].find(';'); end != std::string::npos) all.push_back(all[i].substr(0, end));
  }
  return all;
}

/// Pairs inputs or outputs: by name, then by the only one of a shape, then in order.
class Pairing {
 public:
  Pairing(const Graph& a, const std::vector<ValueId>& a_ids, const Graph& b, const std::vector<ValueId>& b_ids)
      : a_(a), a_ids_(a_ids), b_(b), b_ids_(b_ids), partner_(a_ids.size(), kNone), taken_(b_ids.size(), false) {}

  std::vector<size_t> partners() {
    pair([&](size_t i, size_t j) { return a_.value(a_ids_[i]).name == b_.value(b_ids_[j]).name; }, false);
    pair([&](size_t i, size_t j) { return same_spelling(a_.value(a_ids_[i]).name, b_.value(b_ids_[j]).name); }, false);
    pair([&](size_t i, size_t j) { return fits(i, j); }, true);
    pair([&](size_t i, size_t j) { return fits(i, j); }, false);
    return partner_;
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);

 private:
  static bool same_spelling(const std::string& a, const std::string& b) {
    const auto of_a = spellings(a);
    const auto of_b = spellings(b);
    return std::ranges::any_of(of_a, [&](const std::string& s) { return std::ranges::find(of_b, s) != of_b.end(); });
  }

  bool fits(size_t i, size_t j) const {
    const Shape& a = a_.value(a_ids_[i]).shape;
    const Shape& b = b_.value(b_ids_[j]).shape;
    return turn_between(a, b, identity(a.size())).has_value();
  }

  template <typename Same>
  void pair(const Same& same, bool only_one) {
    for (size_t i = 0; i < partner_.size(); ++i) {
      if (partner_[i] != kNone) continue;
      std::vector<size_t> found;
      for (size_t j = 0; j < taken_.size(); ++j) {
        if (!taken_[j] && fits(i, j) && same(i, j)) found.push_back(j);
      }
      if (found.empty() || (only_one && found.size() > 1)) continue;
      partner_[i] = found[0];
      taken_[found[0]] = true;
    }
  }

  const Graph& a_;
  const std::vector<ValueId>& a_ids_;
  const Graph& b_;
  const std::vector<ValueId>& b_ids_;
  std::vector<size_t> partner_;
  std::vector<bool> taken_;
};

std::string list_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (ValueId id : ids) {
    text += fmt::format("{}'{}' {}", text.empty() ? "" : ", ", graph.value(id).name, to_string(graph.value(id).shape));
  }
  return text;
}

class Matcher {
 public:
  Matcher(const Graph& reference, const Graph& candidate) : ref_(reference), cand_(candidate) {
    result_.values.resize(candidate.values.size());
    claimed_.resize(reference.values.size(), false);
    sources_.resize(reference.values.size());
    find_sources();
    for (size_t id = 0; id < reference.values.size(); ++id) {
      if (reference.values[id].constant) continue;
      for (const std::string& name : spellings(place_of(reference.values[id]).name))
        names_.emplace(name, static_cast<ValueId>(id));
    }
  }

  Result<Matching> run() {
    QUERN_CHECK(pair_edges());
    pass_back();
    by_name(1);
    by_name(100);
    for (size_t index = 0; index < cand_.ops.size(); ++index) by_maker(cand_.ops[index]);
    return std::move(result_);
  }

 private:
  static size_t at(ValueId id) { return static_cast<size_t>(id); }

  /// Transposes, Quantize and Dequantize give the same value again: all stand for their source.
  void find_sources() {
    for (size_t id = 0; id < ref_.values.size(); ++id)
      sources_[id] = {static_cast<ValueId>(id), identity(ref_.values[id].shape.size())};
    for (const Op& op : ref_.ops) {
      if (op.inputs.empty() || ref_.is_constant(op.inputs[0])) continue;
      const auto& [source, order] = sources_[at(op.inputs[0])];
      if (op.kind == OpKind::Transpose) {
        sources_[at(op.outputs[0])] = {source, then(order, std::get<TransposeAttrs>(op.attrs).perm)};
      } else if (op.kind == OpKind::Quantize || op.kind == OpKind::Dequantize) {
        sources_[at(op.outputs[0])] = {source, order};
      }
    }
  }

  /// Sets the match of `id` to the reference's `ref`, whose array becomes the candidate's by `turn`.
  void set(ValueId id, ValueId ref, const Order& turn) {
    const auto& [source, order] = sources_[at(ref)];
    const Order full = then(order, turn.empty() ? identity(order.size()) : turn);
    result_.values[at(id)] = Match{source, full == identity(full.size()) ? Order{} : full};
    claimed_[at(source)] = true;
  }

  Status pair_edges() {
    Pairing inputs(cand_, cand_.inputs, ref_, ref_.inputs);
    result_.inputs = inputs.partners();
    Pairing outputs(ref_, ref_.outputs, cand_, cand_.outputs);
    result_.outputs = outputs.partners();
    const auto lacks = [](const std::vector<size_t>& partners) {
      return std::ranges::find(partners, Pairing::kNone) != partners.end();
    };
    if (lacks(result_.inputs) || cand_.inputs.size() != ref_.inputs.size()) {
      return fail(ErrorCode::invalid_argument,
                  "the inputs do not correspond: the reference takes {}, the candidate {}; give both the same --shape",
                  list_of(ref_, ref_.inputs), list_of(cand_, cand_.inputs));
    }
    if (std::ranges::all_of(result_.outputs, [](size_t partner) { return partner == Pairing::kNone; })) {
      return fail(ErrorCode::invalid_argument, "no output corresponds: the reference gives {}, the candidate {}",
                  list_of(ref_, ref_.outputs), list_of(cand_, cand_.outputs));
    }
    for (size_t i = 0; i < cand_.inputs.size(); ++i) match_edge(cand_.inputs[i], ref_.inputs[result_.inputs[i]]);
    for (size_t i = 0; i < ref_.outputs.size(); ++i) {
      if (result_.outputs[i] != Pairing::kNone) match_edge(cand_.outputs[result_.outputs[i]], ref_.outputs[i]);
    }
    return {};
  }

  /// What a Quantize or Dequantize of a matched value reads is that value too.
  void pass_back() {
    for (size_t i = cand_.ops.size(); i-- > 0;) {
      const Op& op = cand_.ops[i];
      if (op.kind != OpKind::Quantize && op.kind != OpKind::Dequantize) continue;
      auto& input = result_.values[at(op.inputs[0])];
      if (!input && !cand_.is_constant(op.inputs[0])) input = result_.values[at(op.outputs[0])];
    }
  }

  void match_edge(ValueId id, ValueId ref) {
    const Shape& from = ref_.value(ref).shape;
    if (const auto turn = turn_between(from, cand_.value(id).shape, identity(from.size()))) set(id, ref, *turn);
  }

  /// Values whose first `depth` spellings are a reference's.
  void by_name(size_t depth) {
    for (size_t id = 0; id < cand_.values.size(); ++id) {
      if (cand_.values[id].constant || result_.values[id]) continue;
      const Place place = place_of(cand_.values[id]);
      const auto all = spellings(place.name);
      for (size_t i = 0; i < std::min(depth, all.size()) && !result_.values[id]; ++i) {
        const auto [begin, end] = names_.equal_range(all[i]);
        for (auto found = begin; found != end && !result_.values[id]; ++found)
          try_name(static_cast<ValueId>(id), place, found->second);
      }
    }
  }

  void try_name(ValueId id, const Place& place, ValueId ref) {
    const Value& from = ref_.value(ref);
    const Value& to = cand_.value(id);
    if (is_float(from.dtype) != (is_float(to.dtype) || !to.quantization.empty()) && from.quantization.empty()) return;
    const Order file = place_of(from).order;
    Order plain = file.empty() ? identity(from.shape.size()) : file;
    if (!place.order.empty() && place.order.size() == plain.size()) plain = then(plain, inverse(place.order));
    if (const auto turn = turn_between(from.shape, to.shape, plain)) set(id, ref, *turn);
  }

  /// Values without a namesake: those that pass another on, and those that the same kind makes of the same values.
  void by_maker(const Op& op) {
    if (op.outputs.empty() || op.outputs[0] == kNoValue || result_.values[at(op.outputs[0])]) return;
    if (op.inputs.empty() || op.inputs[0] == kNoValue) return;
    const auto& input = result_.values[at(op.inputs[0])];
    if (input && pass_on(op, *input)) return;
    for (ValueId id : op.inputs) {
      if (id != kNoValue && !cand_.is_constant(id) && !result_.values[at(id)]) return;
    }
    const Op* best = nullptr;
    double likeness = -2;
    for (const Op& other : ref_.ops) {
      if (!same_call(op, other)) continue;
      const double alike = weight_likeness(op, other);
      if (alike > likeness) best = &other, likeness = alike;
    }
    if (best == nullptr) return;
    for (size_t i = 0; i < std::min(op.outputs.size(), best->outputs.size()); ++i) {
      if (op.outputs[i] == kNoValue || best->outputs[i] == kNoValue) continue;
      const Place place = place_of(cand_.value(op.outputs[i]));
      try_name(op.outputs[i], place, best->outputs[i]);
    }
  }

  bool pass_on(const Op& op, const Match& input) {
    if (op.kind != OpKind::Quantize && op.kind != OpKind::Dequantize && op.kind != OpKind::Transpose) return false;
    Match match = input;
    if (op.kind == OpKind::Transpose) {
      const Order& perm = std::get<TransposeAttrs>(op.attrs).perm;
      match.turn = then(match.turn.empty() ? identity(perm.size()) : match.turn, perm);
      if (match.turn == identity(perm.size())) match.turn = {};
    }
    result_.values[at(op.outputs[0])] = match;
    return true;
  }

  bool same_call(const Op& op, const Op& other) const {
    if (op.kind != other.kind || op.inputs.size() != other.inputs.size() || other.outputs.empty()) return false;
    if (claimed_[at(other.outputs[0])]) return false;
    if (count_of(cand_.value(op.outputs[0]).shape) != count_of(ref_.value(other.outputs[0]).shape)) return false;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      const ValueId a = op.inputs[i];
      const ValueId b = other.inputs[i];
      if ((a == kNoValue) != (b == kNoValue)) return false;
      if (a == kNoValue) continue;
      if (cand_.is_constant(a) != ref_.is_constant(b)) return false;
      if (!cand_.is_constant(a) && result_.values[at(a)]->reference != sources_[at(b)].first) return false;
    }
    return true;
  }

  /// Correlation of the stored weights with the reference's; 0 where there are none.
  double weight_likeness(const Op& op, const Op& other) const {
    if (op.inputs.size() < 2 || op.inputs[1] == kNoValue || !cand_.is_constant(op.inputs[1])) return 0;
    const Tensor& stored = *cand_.value(op.inputs[1]).constant;
    const Tensor& real = *ref_.value(other.inputs[1]).constant;
    if (stored.shape() != real.shape() || real.dtype() != DType::float32 || !is_8bit(stored.dtype())) return 0;
    double dot = 0, a = 0, b = 0;
    for (int64_t i = 0; i < real.size(); ++i) {
      const auto k = static_cast<size_t>(i);
      const double w = real.data<float>()[k];
      const double q = stored.dtype() == DType::int8 ? stored.data<int8_t>()[k] : stored.data<uint8_t>()[k] - 128.0;
      dot += w * q, a += w * w, b += q * q;
    }
    return a > 0 && b > 0 ? dot / std::sqrt(a * b) : 0;
  }

  const Graph& ref_;
  const Graph& cand_;
  Matching result_;
  std::vector<bool> claimed_;
  std::vector<std::pair<ValueId, Order>> sources_;
  std::multimap<std::string, ValueId> names_;
};

}  // namespace

std::string file_name(const Value& value) {
  return place_of(value).name;
}

Result<Matching> match_values(const Graph& reference, const Graph& candidate) {
  return Matcher(reference, candidate).run();
}

Result<Tensor> turned(const Tensor& tensor, const Match& match, const Shape& shape) {
  Tensor result = tensor;
  if (!match.turn.empty()) {
    QUERN_TRY(result, permuted(tensor, match.turn));
  }
  return result.shape() == shape ? result : result.reshaped(shape);
}

Result<Tensor> turned_back(const Tensor& tensor, const Match& match, const Shape& shape) {
  const Shape before = match.turn.empty() ? shape : permute(shape, match.turn);
  QUERN_TRY(const Tensor flat, tensor.shape() == before ? tensor : tensor.reshaped(before));
  return match.turn.empty() ? flat : permuted(flat, inverse(match.turn));
}

}  // namespace quern
