// Parts of a value. TFLite's masks and sizes become ONNX's starts, ends and steps.
#include <limits>

#include "base/checked.h"
#include "read/tflite/operators.h"

namespace quern::tflite {

namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kToTheFront = std::numeric_limits<int64_t>::min();

/// What STRIDED_SLICE asks for, before and after the masks are understood.
struct StridedSlice {
  Ints begin, end, strides;
  const schema::StridedSliceOptions* options = nullptr;
  SliceAttrs slice;  ///< on the input's axes
  Ints dropped;      ///< axes of the slice's result that go
  Ints added;        ///< axes of the operator's result that are new
};

bool bit(int32_t mask, size_t i) {
  return ((static_cast<uint32_t>(mask) >> i) & 1u) != 0;
}

/// The bounds of one axis: entry `i` of the lists, on the input's `axis`.
Status slice_axis(StridedSlice& s, size_t i, int64_t axis) {
  const int64_t step = s.strides[i];
  if (step == 0) return fail(ErrorCode::invalid_file, "its stride on axis {} is 0", axis);
  const bool shrink = bit(s.options->shrink_axis_mask(), i);
  int64_t start = s.begin[i];
  int64_t end = s.end[i];
  if (bit(s.options->begin_mask(), i)) start = step > 0 ? 0 : kToTheEnd;
  if (s.options->offset()) {
    const auto sum = checked_add(start, end);
    if (!sum) return fail(ErrorCode::invalid_file, "its end {} behind {} is no index", end, start);
    end = *sum;
  }
  if (bit(s.options->end_mask(), i)) end = step > 0 ? kToTheEnd : kToTheFront;
  if (shrink) end = start == -1 || start == kToTheEnd ? kToTheEnd : start + 1;  // one element, whatever the end says
  s.slice.starts.push_back(start);
  s.slice.ends.push_back(end);
  s.slice.axes.push_back(axis);
  s.slice.steps.push_back(shrink ? 1 : step);
  if (shrink) s.dropped.push_back(axis);
  return {};
}

/// Walks the lists: an entry may stand for one axis, for a new one, or (the ellipsis) for all that no other entry
/// names.
Status understand(StridedSlice& s, size_t rank) {
  const size_t entries = s.begin.size();
  size_t named = 0;
  for (size_t i = 0; i < entries; ++i) {
    named += !bit(s.options->new_axis_mask(), i) && !bit(s.options->ellipsis_mask(), i);
  }
  int64_t axis = 0;
  int64_t out = 0;
  for (size_t i = 0; i < entries; ++i) {
    if (bit(s.options->ellipsis_mask(), i)) {
      const int64_t skipped = static_cast<int64_t>(rank) - static_cast<int64_t>(named);
      if (skipped < 0) return fail(ErrorCode::invalid_file, "it names {} axes of an input of {}", named, rank);
      axis += skipped;
      out += skipped;
    } else if (bit(s.options->new_axis_mask(), i)) {
      s.added.push_back(out++);
    } else {
      QUERN_CHECK(slice_axis(s, i, axis++));
      if (!bit(s.options->shrink_axis_mask(), i)) ++out;
    }
  }
  return {};
}

/// Slice, Squeeze and Unsqueeze, as many of them as are needed.
void add_steps(Node& node, ValueId x, const StridedSlice& s) {
  const auto next = [&](bool last, const char* suffix) {
    return last ? node.result() : node.temporary_like(suffix, x);
  };
  const bool squeeze = !s.dropped.empty();
  const bool unsqueeze = !s.added.empty();
  ValueId at = x;
  if (!s.slice.axes.empty() || (!squeeze && !unsqueeze)) {
    const ValueId to = next(!squeeze && !unsqueeze, "slice");
    if (s.slice.axes.empty())
      node.add(OpKind::Identity, {at}, {to});
    else
      node.add(OpKind::Slice, {at}, {to}).attrs = s.slice;
    at = to;
  }
  if (squeeze) {
    const ValueId to = next(!unsqueeze, "dropped");
    node.add(OpKind::Squeeze, {at}, {to}).attrs = AxesAttrs{s.dropped};
    at = to;
  }
  if (unsqueeze) node.add(OpKind::Unsqueeze, {at}, {node.result()}).attrs = AxesAttrs{s.added};
}

}  // namespace

Status read_slice(Node& node) {
  SliceAttrs attrs;
  QUERN_TRY(attrs.starts, node.ints(1, "begins"));
  QUERN_TRY(const Ints sizes, node.ints(2, "sizes"));
  if (attrs.starts.size() != sizes.size()) {
    return fail(ErrorCode::invalid_file, "it has {} begins but {} sizes", attrs.starts.size(), sizes.size());
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (attrs.starts[i] < 0 || sizes[i] < -1) {
      return fail(ErrorCode::invalid_file,
                  "on axis {} it begins at {} and takes {}; neither may be negative, but a size of -1", i,
                  attrs.starts[i], sizes[i]);
    }
    const auto end = checked_add(attrs.starts[i], sizes[i]);
    if (!end) return fail(ErrorCode::invalid_file, "on axis {} it takes {} elements", i, sizes[i]);
    attrs.ends.push_back(sizes[i] == -1 ? kToTheEnd : *end);
    attrs.axes.push_back(static_cast<int64_t>(i));
    attrs.steps.push_back(1);
  }
  QUERN_TRY(const ValueId x, node.value(0));
  node.add(OpKind::Slice, {x}, {node.result()}).attrs = attrs;
  return {};
}

Status read_strided_slice(Node& node) {
  StridedSlice s;
  QUERN_TRY(s.options, node.options<schema::StridedSliceOptions>());
  QUERN_TRY(s.begin, node.ints(1, "begins"));
  QUERN_TRY(s.end, node.ints(2, "ends"));
  QUERN_TRY(s.strides, node.ints(3, "strides"));
  if (s.begin.size() != s.end.size() || s.begin.size() != s.strides.size() || s.begin.size() > 16) {
    return fail(ErrorCode::invalid_file,
                "it has {} begins, {} ends and {} strides; they must be as many, and 16 at most", s.begin.size(),
                s.end.size(), s.strides.size());
  }
  QUERN_CHECK(understand(s, node.input(0).shape.size()));
  QUERN_TRY(const ValueId x, node.value(0));
  add_steps(node, x, s);
  return {};
}

Status read_reverse(Node& node) {
  SliceAttrs attrs;
  QUERN_TRY(attrs.axes, node.ints(1, "axes"));
  attrs.starts.assign(attrs.axes.size(), kToTheEnd);
  attrs.ends.assign(attrs.axes.size(), kToTheFront);
  attrs.steps.assign(attrs.axes.size(), -1);
  QUERN_TRY(const ValueId x, node.value(0));
  if (attrs.axes.empty())
    node.add(OpKind::Identity, {x}, {node.result()});
  else
    node.add(OpKind::Slice, {x}, {node.result()}).attrs = attrs;
  return {};
}

}  // namespace quern::tflite
