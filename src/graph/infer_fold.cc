// Extents as numbers: what is computed from shapes alone becomes a constant, so that Shape -> Gather -> Concat ->
// Reshape needs no data and no kernel. Only the operators that exporters write shape arithmetic with, and only on few
// elements; prepare folds everything else by running kernels.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "graph/infer.h"

namespace quern {

namespace {

constexpr int64_t kMaxElements = 1024;

/// One element of any of the types below: an integer, or the bits of a double.
using Cell = int64_t;
using Cells = std::vector<Cell>;

double as_real(Cell cell) {
  return std::bit_cast<double>(cell);
}
Cell from_real(double value) {
  return std::bit_cast<Cell>(value);
}

bool is_small(const Value& value) {
  const bool type = value.dtype == DType::float32 || value.dtype == DType::int32 || value.dtype == DType::int64 ||
                    value.dtype == DType::boolean;
  const auto count = element_count(value.shape);
  return type && value.quantization.empty() && count.ok() && *count <= kMaxElements;
}

Cells load(const Tensor& tensor) {
  Cells out(static_cast<size_t>(tensor.size()));
  const void* data = tensor.raw();
  for (size_t i = 0; i < out.size(); ++i) {
    switch (tensor.dtype()) {
      case DType::float32:
        out[i] = from_real(static_cast<const float*>(data)[i]);
        break;
      case DType::int32:
        out[i] = static_cast<const int32_t*>(data)[i];
        break;
      case DType::int64:
        out[i] = static_cast<const int64_t*>(data)[i];
        break;
      default:
        out[i] = static_cast<const uint8_t*>(data)[i] != 0 ? 1 : 0;
        break;
    }
  }
  return out;
}

Result<Tensor> store(const Value& value, const Cells& cells) {
  QUERN_TRY(Tensor tensor, Tensor::make(value.dtype, value.shape));
  void* data = tensor.mutable_raw();
  for (size_t i = 0; i < cells.size(); ++i) {
    switch (value.dtype) {
      case DType::float32:
        static_cast<float*>(data)[i] = static_cast<float>(as_real(cells[i]));
        break;
      case DType::int32:
        static_cast<int32_t*>(data)[i] = static_cast<int32_t>(cells[i]);
        break;
      case DType::int64:
        static_cast<int64_t*>(data)[i] = cells[i];
        break;
      default:
        static_cast<uint8_t*>(data)[i] = cells[i] != 0 ? 1 : 0;
        break;
    }
  }
  return tensor;
}

int64_t product(const Shape& shape, size_t first, size_t last) {
  int64_t out = 1;
  for (size_t i = first; i < last; ++i) out *= shape[i];
  return out;
}

/// Where element `linear` of an array of shape `out` lies in one of shape `in` that broadcasts to it.
size_t broadcast_index(int64_t linear, const Shape& out, const Shape& in) {
  int64_t index = 0, stride = 1;
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t extent = out[out.size() - 1 - i], own = in[in.size() - 1 - i];
    if (own != 1) index += linear % extent * stride;
    linear /= extent;
    stride *= own;
  }
  return static_cast<size_t>(index);
}

/// Wrapping, as the machine's integers do; nothing where there is no result.
std::optional<int64_t> integer_result(OpKind kind, int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (kind) {
    case OpKind::Add:
      return static_cast<int64_t>(ua + ub);
    case OpKind::Sub:
      return static_cast<int64_t>(ua - ub);
    case OpKind::Mul:
      return static_cast<int64_t>(ua * ub);
    case OpKind::Div:
      return b == 0 ? std::nullopt : std::optional(b == -1 ? static_cast<int64_t>(0 - ua) : a / b);
    case OpKind::Min:
      return std::min(a, b);
    case OpKind::Max:
      return std::max(a, b);
    case OpKind::And:
      return a & b;
    case OpKind::Or:
      return a | b;
    default:
      return std::nullopt;
  }
}

std::optional<double> real_result(OpKind kind, double a, double b) {
  switch (kind) {
    case OpKind::Add:
      return a + b;
    case OpKind::Sub:
      return a - b;
    case OpKind::Mul:
      return a * b;
    case OpKind::Div:
      return a / b;
    default:
      return std::nullopt;
  }
}

template <typename T>
std::optional<bool> comparison_result(OpKind kind, T a, T b) {
  switch (kind) {
    case OpKind::Equal:
      return a == b;
    case OpKind::Less:
      return a < b;
    case OpKind::LessOrEqual:
      return a <= b;
    case OpKind::Greater:
      return a > b;
    case OpKind::GreaterOrEqual:
      return a >= b;
    default:
      return std::nullopt;
  }
}

std::optional<Cell> binary_result(OpKind kind, bool real, Cell a, Cell b) {
  const auto truth = real ? comparison_result(kind, as_real(a), as_real(b)) : comparison_result(kind, a, b);
  if (truth) return *truth ? 1 : 0;
  if (!real) return integer_result(kind, a, b);
  const auto result = real_result(kind, as_real(a), as_real(b));
  return result ? std::optional(from_real(*result)) : std::nullopt;
}

std::optional<Cell> unary_result(OpKind kind, bool real, Cell x) {
  switch (kind) {
    case OpKind::Floor:
      return real ? from_real(std::floor(as_real(x))) : x;
    case OpKind::Ceil:
      return real ? from_real(std::ceil(as_real(x))) : x;
    case OpKind::Not:
      return x == 0 ? 1 : 0;
    default:
      return std::nullopt;
  }
}

std::optional<Cell> cast_result(DType from, DType to, Cell x) {
  if (is_float(from) == is_float(to)) return to == DType::boolean ? (x != 0 ? 1 : 0) : x;
  if (is_float(to)) return from_real(static_cast<double>(x));
  const double real = as_real(x);
  if (to == DType::boolean) return real != 0 ? 1 : 0;
  const double limit = to == DType::int32 ? 0x1p31 : 0x1p63;
  return real > -limit && real < limit ? std::optional(static_cast<int64_t>(real)) : std::nullopt;
}

/// One operator with constant inputs. Each method gives the first output's elements, or nothing where it does not know
/// how.
class Folder {
 public:
  Folder(const Graph& graph, const Op& op) : graph_(graph), op_(op), out_(graph.value(op.outputs[0])) {}

  std::optional<Cells> fold() const {
    switch (op_.kind) {
      case OpKind::Shape:
        return extents();
      case OpKind::Size:
        return Cells{product(shape(0), 0, shape(0).size())};
      default:
        break;
    }
    // Extents never change again; other outputs of the graph keep the operator that gives them.
    const auto& outputs = graph_.outputs;
    if (std::find(outputs.begin(), outputs.end(), op_.outputs[0]) != outputs.end()) return std::nullopt;
    if (!inputs_are_small() || !is_small(out_) || op_.outputs.size() != 1) return std::nullopt;
    switch (op_.kind) {
      case OpKind::Identity:
      case OpKind::Reshape:
      case OpKind::Flatten:
      case OpKind::Squeeze:
      case OpKind::Unsqueeze:
        return cells(0);
      case OpKind::Cast:
        return each([&](Cell x) { return cast_result(dtype(0), out_.dtype, x); });
      case OpKind::Floor:
      case OpKind::Ceil:
      case OpKind::Not:
        return each([&](Cell x) { return unary_result(op_.kind, is_float(dtype(0)), x); });
      case OpKind::Concat:
        return concat();
      case OpKind::Gather:
        return gather();
      case OpKind::Slice:
        return slice();
      case OpKind::Expand:
        return broadcast(0);
      case OpKind::Where:
        return where();
      case OpKind::Fill:
        return fill();
      case OpKind::Range:
        return range();
      case OpKind::ReduceProd:
        return product_of_all();
      default:
        return info(op_.kind).family == OpFamily::binary ? binary() : std::nullopt;
    }
  }

 private:
  const Shape& shape(size_t i) const { return graph_.value(op_.inputs[i]).shape; }
  DType dtype(size_t i) const { return graph_.value(op_.inputs[i]).dtype; }
  Cells cells(size_t i) const { return load(*graph_.value(op_.inputs[i]).constant); }
  int64_t count() const { return product(out_.shape, 0, out_.shape.size()); }

  bool inputs_are_small() const {
    return std::all_of(op_.inputs.begin(), op_.inputs.end(), [&](ValueId id) {
      return id == kNoValue || (graph_.is_constant(id) && is_small(graph_.value(id)));
    });
  }

  Cells extents() const {
    const auto& a = std::get<ShapeOfAttrs>(op_.attrs);
    return Cells(shape(0).begin() + a.start, shape(0).begin() + std::max(a.start, a.end));
  }

  template <typename Fn>
  std::optional<Cells> each(Fn&& result) const {
    Cells out = cells(0);
    for (Cell& cell : out) {
      const std::optional<Cell> made = result(cell);
      if (!made) return std::nullopt;
      cell = *made;
    }
    return out;
  }

  Cells concat() const {
    const auto axis = static_cast<size_t>(std::get<AxisAttrs>(op_.attrs).axis);
    const int64_t outer = product(out_.shape, 0, axis);
    std::vector<Cells> parts;
    for (size_t i = 0; i < op_.inputs.size(); ++i) parts.push_back(cells(i));
    Cells out;
    for (int64_t o = 0; o < outer; ++o) {
      for (const Cells& part : parts) {
        const auto run = static_cast<std::ptrdiff_t>(part.size()) / outer;
        out.insert(out.end(), part.begin() + o * run, part.begin() + (o + 1) * run);
      }
    }
    return out;
  }

  Cells gather() const {
    const auto axis = static_cast<size_t>(std::get<AxisAttrs>(op_.attrs).axis);
    const int64_t extent = shape(0)[axis], outer = product(shape(0), 0, axis);
    const int64_t inner = product(shape(0), axis + 1, shape(0).size());
    const Cells data = cells(0), indices = cells(1);
    Cells out;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t index : indices) {
        const auto first = data.begin() + (o * extent + (index < 0 ? index + extent : index)) * inner;
        out.insert(out.end(), first, first + inner);
      }
    }
    return out;
  }

  Cells slice() const {
    const auto& a = std::get<SliceAttrs>(op_.attrs);
    Ints start(shape(0).size(), 0), step(shape(0).size(), 1);
    for (size_t i = 0; i < a.axes.size(); ++i) {
      start[static_cast<size_t>(a.axes[i])] = a.starts[i];
      step[static_cast<size_t>(a.axes[i])] = a.steps[i];
    }
    const Cells data = cells(0);
    Cells out(static_cast<size_t>(count()));
    for (size_t o = 0; o < out.size(); ++o) {
      int64_t rest = static_cast<int64_t>(o), index = 0, stride = 1;
      for (size_t i = start.size(); i-- > 0;) {
        index += (start[i] + rest % out_.shape[i] * step[i]) * stride;
        rest /= out_.shape[i];
        stride *= shape(0)[i];
      }
      out[o] = data[static_cast<size_t>(index)];
    }
    return out;
  }

  /// Input i spread over the output's shape.
  Cells broadcast(size_t i) const {
    const Cells data = cells(i);
    Cells out(static_cast<size_t>(count()));
    for (size_t o = 0; o < out.size(); ++o) {
      out[o] = data[broadcast_index(static_cast<int64_t>(o), out_.shape, shape(i))];
    }
    return out;
  }

  std::optional<Cells> binary() const {
    if (op_.inputs.size() != 2 || dtype(0) != dtype(1)) return std::nullopt;
    if (const auto* a = std::get_if<ClampAttrs>(&op_.attrs); a != nullptr && a->clamp.active()) return std::nullopt;
    Cells left = broadcast(0);
    const Cells right = broadcast(1);
    for (size_t i = 0; i < left.size(); ++i) {
      const auto made = binary_result(op_.kind, is_float(dtype(0)), left[i], right[i]);
      if (!made) return std::nullopt;
      left[i] = *made;
    }
    return left;
  }

  Cells where() const {
    const Cells condition = broadcast(0), otherwise = broadcast(2);
    Cells out = broadcast(1);
    for (size_t i = 0; i < out.size(); ++i) out[i] = condition[i] != 0 ? out[i] : otherwise[i];
    return out;
  }

  Cells fill() const {
    const double value = std::get<FillAttrs>(op_.attrs).value;
    const auto cell = cast_result(DType::float32, out_.dtype, from_real(value)).value_or(0);
    return Cells(static_cast<size_t>(count()), cell);
  }

  Cells range() const {
    const Cell start = cells(0)[0], delta = cells(2)[0];
    Cells out;
    for (int64_t i = 0; i < count(); ++i) {
      out.push_back(is_float(out_.dtype) ? from_real(as_real(start) + static_cast<double>(i) * as_real(delta))
                                         : static_cast<Cell>(static_cast<uint64_t>(start) +
                                                             static_cast<uint64_t>(i) * static_cast<uint64_t>(delta)));
    }
    return out;
  }

  std::optional<Cells> product_of_all() const {
    if (count() != 1 || is_float(out_.dtype)) return std::nullopt;
    uint64_t all = 1;
    for (Cell cell : cells(0)) all *= static_cast<uint64_t>(cell);
    return Cells{static_cast<Cell>(all)};
  }

  const Graph& graph_;
  const Op& op_;
  const Value& out_;
};

}  // namespace

Result<bool> fold_extents(Graph& graph, const Op& op) {
  const std::optional<Cells> cells = Folder(graph, op).fold();
  if (!cells) return false;
  Value& out = graph.value(op.outputs[0]);
  QUERN_TRY(out.constant, store(out, *cells));
  return true;
}

}  // namespace quern
