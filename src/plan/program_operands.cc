#include "plan/program_operands.h"

#include <algorithm>

#include "base/error.h"
#include "base/zero_points.h"
#include "plan/program_check.h"
#include "plan/program_pieces.h"

namespace quern {

namespace {

/// No stride, count or address is more; products of two and sums of three such products do not overflow.
constexpr int64_t kFar = Tensor::kMaxBytes;

template <typename... Args>
Error wrong(fmt::format_string<Args...> sentence, Args&&... args) {
  return fail(ErrorCode::invalid_file, sentence, std::forward<Args>(args)...);
}

Status check_range(const char* what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return wrong("its {} {} is outside {}…{}", what, value, low, high);
}

/// Bytes from the first to the last of a transfer on one side.
int64_t extent_of(const Transfer& t, const std::array<int64_t, 2>& strides) {
  return (t.counts[0] - 1) * strides[0] + (t.counts[1] - 1) * strides[1] + t.counts[2];
}

/// That the rows on the side that is written do not overlap: each stride steps over all that is inside it.
Status check_apart(const Transfer& t, const std::array<int64_t, 2>& strides, const char* what) {
  const int64_t block = (t.counts[1] - 1) * strides[1] + t.counts[2];
  const bool rows = t.counts[1] == 1 || strides[1] >= t.counts[2];
  const bool blocks = t.counts[0] == 1 || strides[0] >= block;
  if (rows && blocks) return {};
  return wrong("its {} strides {} and {} let rows of {} bytes overlap", what, strides[0], strides[1], t.counts[2]);
}

/// The bytes outside that a transfer may touch.
Result<int64_t> outside_bytes(const Program& program, std::span<const PlanValue> values, Engine engine,
                              const Transfer& t) {
  const auto in = [&](const std::vector<int32_t>& list) {
    return std::find(list.begin(), list.end(), t.value) != list.end();
  };
  if (t.space == Space::image) {
    if (engine == Engine::store) return wrong("it stores to the image, which is read-only");
    return static_cast<int64_t>(program.image.size());
  }
  if (t.space != Space::dram) return wrong("it names no memory");
  if (engine == Engine::store && !in(program.writes)) {
    return wrong("it stores to value {}, which the program does not write", t.value);
  }
  if (!in(program.writes) && !in(program.reads)) {
    return wrong("it loads value {}, which the program does not read", t.value);
  }
  return values[static_cast<size_t>(t.value)].bytes;
}

Status check_quantization(const Program& program, const Piece& piece) {
  if (piece.quantization == -1) return {};
  if (piece.quantization < 0 || static_cast<size_t>(piece.quantization) >= program.quantizations.size()) {
    return wrong("it names quantization {}, but there are {}", piece.quantization, program.quantizations.size());
  }
  const auto range = zero_points_of(piece.dtype);
  if (!range) return wrong("it is {} with a scale", to_string(piece.dtype));
  for (int32_t z : program.quantizations[static_cast<size_t>(piece.quantization)].zero_points) {
    QUERN_CHECK(check_range("zero point", z, range->low, range->high));
  }
  return {};
}

/// Extents and strides: each stride steps over all that is inside it, so no two elements share a byte.
Status check_strides(const Piece& piece) {
  const auto element = static_cast<int64_t>(size_of(piece.dtype));
  if (piece.shape.size() > kMaxPieceRank || piece.strides.size() != piece.shape.size()) {
    return wrong("it has {} axes and {} strides; the limit is {}", piece.shape.size(), piece.strides.size(),
                 kMaxPieceRank);
  }
  int64_t inside = element;
  for (size_t i = piece.shape.size(); i-- > 0;) {
    const int64_t extent = piece.shape[i], stride = piece.strides[i];
    QUERN_CHECK(check_range("extent", extent, 1, kMaxScratch));
    QUERN_CHECK(check_range("stride", stride, 0, kMaxScratch));
    if (extent == 1) continue;
    const bool innermost = i + 1 == piece.shape.size();
    if (stride % element != 0 || stride < inside || (innermost && stride != element)) {
      return wrong("its stride {} of axis {} does not fit elements of {} bytes and {} bytes inside it", stride, i,
                   element, inside);
    }
    inside += (extent - 1) * stride;
    if (inside > kMaxScratch) return wrong("its shape {} is beyond the scratch memory", to_string(piece.shape));
  }
  return {};
}

Status check_wrap(const Piece& piece) {
  if (piece.wrap_axis == -1) return {};
  if (piece.wrap_axis < 0 || static_cast<size_t>(piece.wrap_axis) >= piece.shape.size()) {
    return wrong("it wraps along axis {}, which it does not have", piece.wrap_axis);
  }
  QUERN_CHECK(check_range("wrap", piece.wrap_at, 1, piece.shape[static_cast<size_t>(piece.wrap_axis)] - 1));
  return check_range("address after the wrap", piece.wrapped, 0, kMaxScratch);
}

Status check_piece(const Program& program, const Piece& piece) {
  if (piece.dtype > DType::boolean) return wrong("its element type is unknown");
  QUERN_CHECK(check_range("address", piece.address, 0, kMaxScratch));
  QUERN_CHECK(check_strides(piece));
  QUERN_CHECK(check_wrap(piece));
  const PieceRuns runs(piece);
  for (size_t i = 0; i < runs.parts(); ++i) {
    const auto [begin, end] = runs.span(i);
    if (end > program.scratch_used) {
      return wrong("bytes {}…{} are beyond the {} bytes of scratch that the program uses", begin, end - 1,
                   program.scratch_used);
    }
    if (begin % static_cast<int64_t>(size_of(piece.dtype)) != 0) {
      return wrong("address {} is no multiple of an element's size", begin);
    }
  }
  return check_quantization(program, piece);
}

bool meet(const PieceRuns::Span& a, const PieceRuns::Span& b) {
  return a.begin < b.end && b.begin < a.end;
}

/// That the parts of all outputs lie apart: one behind the other, not interleaved.
Status check_outputs_apart(const Computation& c) {
  std::vector<PieceRuns::Span> spans;
  for (const Piece& piece : c.outputs) {
    const PieceRuns runs(piece);
    for (size_t i = 0; i < runs.parts(); ++i) {
      for (const auto& other : spans) {
        if (meet(other, runs.span(i))) return wrong("its outputs overlap at byte {}", runs.span(i).begin);
      }
      spans.push_back(runs.span(i));
    }
  }
  return {};
}

}  // namespace

Status check_transfer(const Program& program, std::span<const PlanValue> values, Engine engine, const Transfer& t) {
  for (int64_t count : t.counts) QUERN_CHECK(check_range("count", count, 1, kFar));
  for (int64_t stride : t.outside_strides) QUERN_CHECK(check_range("stride outside", stride, 0, kFar));
  for (int64_t stride : t.scratch_strides) QUERN_CHECK(check_range("stride in scratch", stride, 0, kFar));
  QUERN_CHECK(check_range("offset outside", t.outside, 0, kFar));
  QUERN_CHECK(check_range("address", t.scratch, 0, kMaxScratch));
  QUERN_TRY(const int64_t outside, outside_bytes(program, values, engine, t));
  // Of 2^31 each, a sum of two products and a count stays below 2^63.
  const int64_t reach = extent_of(t, t.outside_strides);
  if (reach > outside - t.outside) {
    return wrong("bytes {}…{} are beyond the {} bytes outside", t.outside, t.outside + reach - 1, outside);
  }
  const int64_t used = extent_of(t, t.scratch_strides);
  if (used > program.scratch_used - t.scratch) {
    return wrong("bytes {}…{} are beyond the {} bytes of scratch that the program uses", t.scratch,
                 t.scratch + used - 1, program.scratch_used);
  }
  QUERN_CHECK(check_apart(t, t.scratch_strides, "scratch"));
  return engine == Engine::store ? check_apart(t, t.outside_strides, "outside") : Status();
}

Status check_pieces(const Program& program, const Computation& c) {
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const Piece& piece = c.inputs[i];
    if (is_absent(piece) && piece.shape.empty()) continue;
    const Status status = check_piece(program, piece);
    if (!status.ok()) return wrong("input {}: {}", i, status.error().message);
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const Status status = check_piece(program, c.outputs[i]);
    if (!status.ok()) return wrong("output {}: {}", i, status.error().message);
  }
  return check_outputs_apart(c);
}

}  // namespace quern
