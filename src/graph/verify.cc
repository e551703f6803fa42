#include "graph/verify.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/error.h"
#include "base/zero_points.h"
#include "graph/infer.h"
#include "graph/infer_call.h"
#include "graph/verify_attrs.h"

namespace quern {

namespace {

constexpr size_t kMaxValues = 1'000'000;
constexpr size_t kMaxOps = 1'000'000;

template <typename... Args>
Error wrong(const Value& value, fmt::format_string<Args...> sentence, Args&&... args) {
  return fail(ErrorCode::invalid_file, "value '{}': {}", value.name,
              fmt::format(sentence, std::forward<Args>(args)...));
}

Status verify_axis(const Value& value, const Quantization& q) {
  if (!q.per_axis() || !value.shape_known) return {};
  const auto rank = static_cast<int>(value.shape.size());
  if (q.axis < 0 || q.axis >= rank) {
    return wrong(value, "its quantization axis {} is outside its {} axes", q.axis, rank);
  }
  const int64_t extent = value.shape[static_cast<size_t>(q.axis)];
  if (extent < 0 || extent == static_cast<int64_t>(q.scales.size())) return {};
  return wrong(value, "it has {} quantization scales for an axis of {}", q.scales.size(), extent);
}

Status verify_quantization(const Value& value) {
  const Quantization& q = value.quantization;
  if (q.scales.size() != q.zero_points.size()) {
    return wrong(value, "it has {} quantization scales, but {} zero points", q.scales.size(), q.zero_points.size());
  }
  if (q.empty()) return {};
  const auto range = zero_points_of(value.dtype);
  if (!range) return wrong(value, "it is quantized, but {} is not a type that can be", to_string(value.dtype));
  for (size_t i = 0; i < q.scales.size(); ++i) {
    if (!(q.scales[i] > 0) || !std::isfinite(q.scales[i])) {
      return wrong(value, "its quantization scale {} is not finite and more than 0", q.scales[i]);
    }
    if (q.zero_points[i] < range->low || q.zero_points[i] > range->high) {
      return wrong(value, "its zero point {} is outside {}…{} ({})", q.zero_points[i], range->low, range->high,
                   to_string(value.dtype));
    }
  }
  return verify_axis(value, q);
}

Status verify_shape(const Value& value) {
  if (static_cast<int64_t>(value.shape.size()) > kMaxRank) {
    return wrong(value, "it has {} axes; the limit is {}", value.shape.size(), kMaxRank);
  }
  Shape fixed = value.shape;
  for (int64_t& extent : fixed) {
    if (extent < -1) return wrong(value, "it has the negative extent {}", extent);
    if (extent == -1) extent = 1;
  }
  const auto count = element_count(fixed);
  if (!count.ok() || *count > Tensor::kMaxBytes / static_cast<int64_t>(size_of(value.dtype))) {
    return wrong(value, "its shape {} of {} is beyond the limit of {} bytes", to_string(value.shape),
                 to_string(value.dtype), Tensor::kMaxBytes);
  }
  return {};
}

Status verify_value(const Value& value) {
  if (value.dtype > DType::boolean)
    return wrong(value, "its element type {} is unknown", static_cast<int>(value.dtype));
  QUERN_CHECK(verify_shape(value));
  if (value.constant && (value.constant->dtype() != value.dtype || value.constant->shape() != value.shape)) {
    return wrong(value, "it is {} of shape {}, but its constant is {} of shape {}", to_string(value.dtype),
                 to_string(value.shape), to_string(value.constant->dtype()), to_string(value.constant->shape()));
  }
  return verify_quantization(value);
}

Status verify_values(const Graph& graph) {
  std::unordered_set<std::string_view> names;
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.name.empty()) return fail(ErrorCode::invalid_file, "value {} has no name", i);
    if (!names.insert(value.name).second) return wrong(value, "another value has the same name");
    QUERN_CHECK(verify_value(value));
  }
  return {};
}

/// Walks the operators in order, keeping which values are defined so far.
class Walk {
 public:
  /// `scratch` is a copy of the graph that inference may write to.
  Walk(const Graph& graph, Graph& scratch) : graph_(graph), scratch_(scratch), defined_(graph.values.size(), false) {}

  Status run() {
    QUERN_CHECK(inputs());
    for (size_t i = 0; i < graph_.values.size(); ++i)
      defined_[i] = defined_[i] || graph_.values[i].constant.has_value();
    for (Op& op : scratch_.ops) QUERN_CHECK(operation(op));
    return outputs();
  }

 private:
  bool exists(ValueId id) const { return id >= 0 && static_cast<size_t>(id) < graph_.values.size(); }

  Status inputs() {
    for (ValueId id : graph_.inputs) {
      if (!exists(id)) return fail(ErrorCode::invalid_file, "the graph's input {} is no value of the graph", id);
      const Value& value = graph_.value(id);
      if (value.constant) return wrong(value, "it is an input of the graph and a constant at once");
      if (!value.shape_known) return wrong(value, "it is an input of the graph, but its rank is not known");
      if (defined_[static_cast<size_t>(id)]) return wrong(value, "it is an input of the graph twice");
      defined_[static_cast<size_t>(id)] = true;
    }
    return {};
  }

  Status outputs() const {
    if (graph_.outputs.empty()) return fail(ErrorCode::invalid_file, "the graph has no outputs");
    for (ValueId id : graph_.outputs) {
      if (!exists(id)) return fail(ErrorCode::invalid_file, "the graph's output {} is no value of the graph", id);
      if (!defined_[static_cast<size_t>(id)]) {
        return wrong(graph_.value(id), "it is an output of the graph, but nothing produces it");
      }
    }
    return {};
  }

  Status operation(Op& op) {
    const int kind = static_cast<int>(op.kind);
    if (kind >= kOpCount) return fail(ErrorCode::invalid_file, "operator '{}' has the unknown kind {}", op.name, kind);
    const InferCall call(scratch_, op);
    QUERN_CHECK(call.check_form());
    if (const Status status = verify_attrs(op.attrs); !status.ok()) return call.wrong("{}", status.error().message);
    for (ValueId id : op.inputs) {
      if (id == kNoValue || defined_[static_cast<size_t>(id)]) continue;
      return call.wrong("its input '{}' is used before anything produces it", graph_.value(id).name);
    }
    QUERN_CHECK(weights(call));
    QUERN_CHECK(agreement(call, op));
    for (ValueId id : op.outputs) {
      if (id == kNoValue) continue;
      if (defined_[static_cast<size_t>(id)]) {
        return call.wrong("its output '{}' is an input, a constant, or produced by another operator already",
                          graph_.value(id).name);
      }
      defined_[static_cast<size_t>(id)] = true;
    }
    return {};
  }

  /// What can be said of a convolution's weights while its input is not known.
  Status weights(const InferCall& call) const {
    if (call.kind() != OpKind::Conv && call.kind() != OpKind::ConvTranspose) return {};
    if (!call.input(1).shape_known) return {};
    QUERN_CHECK(call.need_rank(1, 4, "[O, KH, KW, I]"));
    if (!call.has(2) || !call.input(2).shape_known || call.shape(2) == Shape{call.shape(1)[0]}) return {};
    return call.wrong("its bias has the shape {}, but there are {} output channels", to_string(call.shape(2)),
                      call.shape(1)[0]);
  }

  /// Where shapes are known already, inferring them again must give the same.
  Status agreement(const InferCall& call, Op& op) {
    const auto known = [&](ValueId id) { return id == kNoValue || graph_.value(id).shape_known; };
    if (!std::all_of(op.inputs.begin(), op.inputs.end(), known)) return {};
    if (!std::all_of(op.outputs.begin(), op.outputs.end(), known)) return {};
    if (const Status status = infer_op(scratch_, op); !status.ok()) {
      // Parameters that are not constant yet, extents that are still open: infer will speak of those.
      return status.error().code == ErrorCode::unsupported ? Status() : status;
    }
    for (ValueId id : op.outputs) {
      if (id == kNoValue) continue;
      const Value &has = graph_.value(id), &should = scratch_.value(id);
      if (has.shape == should.shape && has.dtype == should.dtype) continue;
      return call.wrong("its output '{}' is {} {}, but should be {} {}", has.name, to_string(has.dtype),
                        to_string(has.shape), to_string(should.dtype), to_string(should.shape));
    }
    return {};
  }

  const Graph& graph_;
  Graph& scratch_;
  std::vector<bool> defined_;
};

}  // namespace

Status verify(const Graph& graph) {
  if (graph.values.size() > kMaxValues) {
    return fail(ErrorCode::invalid_file, "the graph has {} values; the limit is {}", graph.values.size(), kMaxValues);
  }
  if (graph.ops.size() > kMaxOps) {
    return fail(ErrorCode::invalid_file, "the graph has {} operators; the limit is {}", graph.ops.size(), kMaxOps);
  }
  QUERN_CHECK(verify_values(graph));
  Graph scratch = graph;
  return Walk(graph, scratch).run();
}

}  // namespace quern
