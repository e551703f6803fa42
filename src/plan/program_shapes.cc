#include "plan/program_shapes.h"

#include <algorithm>
#include <cmath>

#include "base/broadcast.h"
#include "base/error.h"
#include "plan/program_pieces.h"

namespace quern::shape_rules {

namespace {

Error misfit(const Computation& c) {
  return fail(ErrorCode::invalid_file, "its inputs of shapes {} and {} do not fit", to_string(c.inputs[0].shape),
              to_string(c.inputs[1].shape));
}

Shape reduced(const Shape& shape, const Ints& axes, bool keep_dims) {
  Shape out;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool hit = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!hit || keep_dims) out.push_back(hit ? 1 : shape[i]);
  }
  return out;
}

}  // namespace

Status expect(const Computation& c, const Shape& shape, size_t i) {
  if (c.outputs[i].shape == shape) return {};
  return fail(ErrorCode::invalid_file, "its output {} has the shape {}, but its operands give {}", i,
              to_string(c.outputs[i].shape), to_string(shape));
}

Status check_axis(const Computation& c, int64_t axis) {
  if (axis >= 0 && axis < static_cast<int64_t>(c.inputs[0].shape.size())) return {};
  return fail(ErrorCode::invalid_file, "axis {} is outside the axes of its input {}", axis,
              to_string(c.inputs[0].shape));
}

Status check_axes(const Computation& c, const Ints& axes) {
  for (size_t i = 0; i < axes.size(); ++i) {
    QUERN_CHECK(check_axis(c, axes[i]));
    if (std::find(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(i), axes[i]) !=
        axes.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fail(ErrorCode::invalid_file, "axis {} is named twice", axes[i]);
    }
  }
  return {};
}

Status fully_connected(const Computation& c) {
  const Shape& w = c.inputs[1].shape;
  Shape out = c.inputs[0].shape;
  if (w.size() != 2 || out.empty() || out.back() != w[1]) return misfit(c);
  if (c.inputs.size() > 2 && !is_absent(c.inputs[2]) && c.inputs[2].shape != Shape{w[0]}) {
    return fail(ErrorCode::invalid_file, "its bias has the shape {}, but there are {} outputs",
                to_string(c.inputs[2].shape), w[0]);
  }
  out.back() = w[0];
  return expect(c, out);
}

Status matmul(const Computation& c) {
  const auto& attrs = std::get<MatMulAttrs>(c.attrs);
  Shape a = c.inputs[0].shape, b = c.inputs[1].shape;
  if (a.empty() || b.empty()) return misfit(c);
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  if (attrs.transpose_a && !row) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (attrs.transpose_b && !column) std::swap(b[b.size() - 1], b[b.size() - 2]);
  auto out = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  if (!out || a.back() != b[b.size() - 2]) return misfit(c);
  if (!row) out->push_back(a[a.size() - 2]);
  if (!column) out->push_back(b.back());
  return expect(c, *out);
}

Status same(const Computation& c) {
  return expect(c, c.inputs[0].shape);
}

Status binary(const Computation& c) {
  const auto out = broadcast(c.inputs[0].shape, c.inputs[1].shape);
  return out ? expect(c, *out) : misfit(c);
}

Status prelu(const Computation& c) {
  if (broadcast(c.inputs[0].shape, c.inputs[1].shape) != c.inputs[0].shape) return misfit(c);
  return same(c);
}

Status reduce(const Computation& c) {
  const auto& a = std::get<ReduceAttrs>(c.attrs);
  QUERN_CHECK(check_axes(c, a.axes));
  if (a.axes.empty()) return fail(ErrorCode::invalid_file, "it names no axes");
  if (!std::is_sorted(a.axes.begin(), a.axes.end())) return fail(ErrorCode::invalid_file, "its axes are not in order");
  return expect(c, reduced(c.inputs[0].shape, a.axes, a.keep_dims));
}

Status arg_reduce(const Computation& c) {
  const auto& a = std::get<ArgAttrs>(c.attrs);
  QUERN_CHECK(check_axis(c, a.axis));
  return expect(c, reduced(c.inputs[0].shape, {a.axis}, a.keep_dims));
}

Status softmax(const Computation& c) {
  QUERN_CHECK(check_axis(c, std::get<SoftmaxAttrs>(c.attrs).axis));
  return same(c);
}

Status lp_norm(const Computation& c) {
  QUERN_CHECK(check_axis(c, std::get<LpNormAttrs>(c.attrs).axis));
  return same(c);
}

Status resize(const Computation& c) {
  // Beyond these a position in the input is no number that can be rounded.
  constexpr float kMostScale = 65536, kMostRoi = 65536;
  const auto& a = std::get<ResizeAttrs>(c.attrs);
  const size_t rank = c.inputs[0].shape.size();
  const bool crops = a.coordinates == Coordinates::tf_crop_and_resize;
  if (a.sizes.size() != rank || a.scales.size() != rank || !a.axes.empty() || a.roi.size() != (crops ? 2 * rank : 0)) {
    return fail(ErrorCode::invalid_file, "it has {} sizes, {} scales, {} axes and {} roi numbers for {} axes",
                a.sizes.size(), a.scales.size(), a.axes.size(), a.roi.size(), rank);
  }
  if (a.antialias) return fail(ErrorCode::invalid_file, "the machine does not resize with antialias");
  for (float scale : a.scales) {
    if (scale < 1 / kMostScale || scale > kMostScale) {
      return fail(ErrorCode::invalid_file, "scale {} is outside {}…{}", scale, 1 / kMostScale, kMostScale);
    }
  }
  for (float roi : a.roi) {
    if (!(std::abs(roi) <= kMostRoi)) return fail(ErrorCode::invalid_file, "roi {} is beyond ±{}", roi, kMostRoi);
  }
  return expect(c, a.sizes);
}

}  // namespace quern::shape_rules
