#include "plan/program_pieces.h"

namespace quern {

int64_t dense_bytes(const Piece& piece) {
  auto bytes = static_cast<int64_t>(size_of(piece.dtype));
  for (int64_t extent : piece.shape) bytes *= extent;
  return bytes;
}

bool is_dense(const Piece& piece) {
  if (piece.wrap_axis >= 0) return false;
  auto stride = static_cast<int64_t>(size_of(piece.dtype));
  for (size_t i = piece.shape.size(); i-- > 0;) {
    if (piece.shape[i] != 1 && piece.strides[i] != stride) return false;
    stride *= piece.shape[i];
  }
  return true;
}

PieceRuns::PieceRuns(const Piece& piece)
    : rank_(piece.shape.size()), element_(static_cast<int64_t>(size_of(piece.dtype))) {
  std::copy(piece.strides.begin(), piece.strides.end(), strides_.begin());
  std::copy(piece.shape.begin(), piece.shape.end(), parts_[0].extents.begin());
  int64_t stride = element_;
  for (size_t i = rank_; i-- > 0;) {
    dense_[i] = stride;
    stride *= piece.shape[i];
  }
  parts_[0].address = piece.address;
  if (piece.wrap_axis < 0) return;
  const auto axis = static_cast<size_t>(piece.wrap_axis);
  part_count_ = 2;
  parts_[1] = parts_[0];
  parts_[0].extents[axis] = piece.wrap_at;
  parts_[1].extents[axis] = piece.shape[axis] - piece.wrap_at;
  parts_[1].address = piece.wrapped;
  parts_[1].dense = piece.wrap_at * dense_[axis];
}

PieceRuns::Span PieceRuns::span(size_t i) const {
  const Part& part = parts_[i];
  int64_t end = part.address + element_;
  for (size_t axis = 0; axis < rank_; ++axis) end += (part.extents[axis] - 1) * strides_[axis];
  return {part.address, end};
}

}  // namespace quern
