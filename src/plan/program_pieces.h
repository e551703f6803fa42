// Where the bytes of a piece lie in the scratch memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "plan/program.h"

namespace quern {

/// Most axes a piece may have.
inline constexpr size_t kMaxPieceRank = 8;

/// An optional operand that is not there.
inline bool is_absent(const Piece& piece) {
  return piece.address == -1;
}

/// Bytes of the elements, without gaps. Requires checked extents.
int64_t dense_bytes(const Piece& piece);

/// True when the elements lie as in a dense array.
bool is_dense(const Piece& piece);

/// Bytes that lie together in scratch and in the dense array of the piece.
struct PieceRun {
  int64_t address = 0;  ///< in scratch
  int64_t dense = 0;    ///< offset in the dense array
  int64_t bytes = 0;
};

/// Visits the runs of one piece, in the order of the dense array for a piece that does not wrap.
class PieceRuns {
 public:
  explicit PieceRuns(const Piece& piece);

  template <typename Visit>
  void each(Visit&& visit) const {
    for (size_t i = 0; i < part_count_; ++i) each_of(parts_[i], visit);
  }

  /// First byte and one past the last byte of part i (0, or 1 after the wrap).
  struct Span {
    int64_t begin = 0, end = 0;
  };
  size_t parts() const { return part_count_; }
  Span span(size_t i) const;

 private:
  struct Part {
    int64_t address = 0, dense = 0;
    std::array<int64_t, kMaxPieceRank> extents{};
  };

  template <typename Visit>
  void each_of(const Part& part, Visit&& visit) const {
    int64_t run = element_;
    size_t outer = rank_;
    // Inner axes without gaps, in scratch as in the dense array, are one run.
    while (outer > 0 && (part.extents[outer - 1] == 1 || (strides_[outer - 1] == run && dense_[outer - 1] == run))) {
      run *= part.extents[--outer];
    }
    std::array<int64_t, kMaxPieceRank> index{};
    PieceRun at{part.address, part.dense, run};
    while (true) {
      visit(at);
      size_t axis = outer;
      while (axis > 0) {
        --axis;
        at.address += strides_[axis];
        at.dense += dense_[axis];
        if (++index[axis] < part.extents[axis]) break;
        at.address -= strides_[axis] * part.extents[axis];
        at.dense -= dense_[axis] * part.extents[axis];
        index[axis] = 0;
        if (axis == 0) return;
      }
      if (outer == 0) return;
    }
  }

  size_t rank_ = 0;
  int64_t element_ = 1;
  std::array<int64_t, kMaxPieceRank> strides_{};
  std::array<int64_t, kMaxPieceRank> dense_{};
  std::array<Part, 2> parts_{};
  size_t part_count_ = 1;
};

/// Visits the rows of a transfer: (outside offset, scratch address, bytes).
template <typename Visit>
void each_row(const Transfer& t, Visit&& visit) {
  for (int64_t i = 0; i < t.counts[0]; ++i) {
    for (int64_t j = 0; j < t.counts[1]; ++j) {
      visit(t.outside + i * t.outside_strides[0] + j * t.outside_strides[1],
            t.scratch + i * t.scratch_strides[0] + j * t.scratch_strides[1], t.counts[2]);
    }
  }
}

/// Bytes a transfer moves. Requires checked counts.
inline int64_t transfer_bytes(const Transfer& t) {
  return t.counts[0] * t.counts[1] * t.counts[2];
}

}  // namespace quern
