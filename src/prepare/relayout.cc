#include "prepare/relayout.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace quern {

namespace {

size_t at(int64_t index) {
  return static_cast<size_t>(index);
}

const Perm kFromChannelsLast = {0, 3, 1, 2};

/// "X@021" is X and {0, 2, 1}; a name that is no twin's is itself and nothing.
std::pair<std::string, Perm> split_twin_name(const std::string& name, size_t rank) {
  const size_t mark = name.rfind('@');
  if (mark == std::string::npos) return {name, {}};
  const std::string suffix = name.substr(mark + 1);
  if (suffix == "nhwc" && rank == kFromChannelsLast.size()) return {name.substr(0, mark), kFromChannelsLast};
  Perm perm;
  for (char digit : suffix) perm.push_back(digit - '0');
  Perm sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i)) return {name, {}};
  }
  if (perm.empty() || perm.size() != rank) return {name, {}};
  return {name.substr(0, mark), perm};
}

/// The common refinement of two shapes: an extent of one that is, or is part of, an extent of the other.
struct Piece {
  int64_t extent;
  size_t a_axis;     ///< of the shape before the Reshape
  size_t b_axis;     ///< of the shape after it
  size_t place = 0;  ///< among all pieces in x's order
};

/// Pieces in order, without those of extent 1; nothing when an extent of one shape cuts an extent of the other
/// unevenly.
std::optional<std::vector<Piece>> common_pieces(const Shape& a, const Shape& b) {
  std::vector<Piece> pieces;
  size_t i = 0, j = 0;
  int64_t left_a = 1, left_b = 1;
  while (true) {
    while (left_a == 1 && i < a.size()) left_a = a[i++];
    while (left_b == 1 && j < b.size()) left_b = b[j++];
    if (left_a == 1 && left_b == 1) return pieces;
    const int64_t extent = std::min(left_a, left_b);
    if (extent <= 1 || left_a % extent != 0 || left_b % extent != 0) return std::nullopt;
    pieces.push_back({extent, i - 1, j - 1});
    left_a /= extent;
    left_b /= extent;
  }
}

/// Numbers the pieces as they lie in x; returns them in that order.
std::vector<Piece> place_in_x(std::vector<Piece>& pieces, const Perm& perm) {
  std::vector<size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t l, size_t r) { return perm[pieces[l].a_axis] < perm[pieces[r].a_axis]; });
  std::vector<Piece> in_x;
  for (size_t place = 0; place < order.size(); ++place) {
    pieces[order[place]].place = place;
    in_x.push_back(pieces[order[place]]);
  }
  return in_x;
}

/// For each extent of y, where its first piece lies in x (-1: it is 1). Nothing when its pieces lie apart.
std::optional<Ints> first_places(const std::vector<Piece>& pieces, size_t rank) {
  Ints first(rank, -1), last(rank, -1), count(rank, 0);
  for (const Piece& piece : pieces) {
    const auto place = static_cast<int64_t>(piece.place);
    int64_t& low = first[piece.b_axis];
    low = low < 0 ? place : std::min(low, place);
    last[piece.b_axis] = std::max(last[piece.b_axis], place);
    ++count[piece.b_axis];
  }
  for (size_t axis = 0; axis < rank; ++axis) {
    if (count[axis] != 0 && last[axis] - first[axis] + 1 != count[axis]) return std::nullopt;
  }
  return first;
}

/// Joins neighbours that stay neighbours, so that the Transpose has as few axes as can be.
void join_pieces(Shape& pieces, Perm& inner) {
  Ints joined_into(pieces.size());  // for each piece, the number of the joined piece it is part of
  std::vector<bool> follows(pieces.size(), false);
  for (size_t i = 1; i < inner.size(); ++i) follows[at(inner[i])] = inner[i] == inner[i - 1] + 1;
  Shape joined;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (follows[i]) {
      joined.back() *= pieces[i];
    } else {
      joined.push_back(pieces[i]);
    }
    joined_into[i] = static_cast<int64_t>(joined.size()) - 1;
  }
  Perm perm;
  for (int64_t piece : inner) {
    if (!follows[at(piece)]) perm.push_back(joined_into[at(piece)]);
  }
  pieces = std::move(joined);
  inner = std::move(perm);
}

Perm identity(size_t rank) {
  Perm perm(rank);
  std::iota(perm.begin(), perm.end(), int64_t{0});
  return perm;
}

}  // namespace

Perm inverse(const Perm& perm) {
  Perm result(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) result[at(perm[i])] = static_cast<int64_t>(i);
  return result;
}

Perm then(const Perm& first, const Perm& second) {
  Perm result;
  for (int64_t axis : second) result.push_back(first[at(axis)]);
  return result;
}

bool is_identity(const Perm& perm) {
  return std::is_sorted(perm.begin(), perm.end());
}

Shape permuted_shape(const Shape& shape, const Perm& perm) {
  Shape result;
  for (int64_t axis : perm) result.push_back(shape[at(axis)]);
  return result;
}

bool moves_only_ones(const Shape& shape, const Perm& perm) {
  int64_t last = -1;
  for (int64_t axis : perm) {
    if (shape[at(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

std::string twin_name(const std::string& name, const Perm& perm) {
  const auto [base, known] = split_twin_name(name, perm.size());
  const Perm total = known.empty() ? perm : then(perm, known);
  if (is_identity(total)) return base;
  if (total == kFromChannelsLast) return base + "@nhwc";
  std::string result = base + "@";
  for (int64_t axis : total) result += std::to_string(axis);
  return result;
}

ReshapeAttrs reshape_to(const Shape& shape) {
  return {shape, std::find(shape.begin(), shape.end(), 0) != shape.end()};
}

std::optional<SunkReshape> sink_through_reshape(const Shape& x, const Perm& perm, const Shape& y) {
  auto pieces = common_pieces(permuted_shape(x, perm), y);
  if (!pieces) return std::nullopt;
  const std::vector<Piece> in_x = place_in_x(*pieces, perm);
  const auto places = first_places(*pieces, y.size());
  if (!places) return std::nullopt;

  Perm order = identity(y.size());  // extents of y as they lie in x, extents of 1 first
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t l, int64_t r) { return (*places)[at(l)] < (*places)[at(r)]; });
  SunkReshape sunk;
  for (const Piece& piece : in_x) sunk.pieces.push_back(piece.extent);
  for (int64_t axis : order) {
    for (const Piece& piece : *pieces) {
      if (piece.b_axis == at(axis)) sunk.inner.push_back(static_cast<int64_t>(piece.place));
    }
  }
  join_pieces(sunk.pieces, sunk.inner);
  sunk.shape = permuted_shape(y, order);
  sunk.outer = inverse(order);
  if (moves_only_ones(sunk.shape, sunk.outer)) {
    sunk.shape = y;
    sunk.outer = identity(y.size());
  }
  if (is_identity(sunk.outer) && !is_identity(sunk.inner)) return std::nullopt;
  return sunk;
}

std::optional<FeatureOrder> feature_order(const Shape& x, const Perm& perm, const Shape& y) {
  auto pieces = common_pieces(permuted_shape(x, perm), y);
  if (!pieces) return std::nullopt;
  const std::vector<Piece> in_x = place_in_x(*pieces, perm);
  FeatureOrder order;
  size_t leading = 0;
  for (size_t i = 0; i < pieces->size(); ++i) {
    const Piece& piece = (*pieces)[i];
    if (piece.b_axis + 1 == y.size()) {
      order.pieces.push_back(piece.extent);
    } else if (piece.place != i) {
      return std::nullopt;
    } else {
      ++leading;
    }
  }
  order.perm.resize(order.pieces.size());
  for (size_t i = leading; i < pieces->size(); ++i) {
    if ((*pieces)[i].place < leading) return std::nullopt;
    order.perm[(*pieces)[i].place - leading] = static_cast<int64_t>(i - leading);
  }
  return order;
}

}  // namespace quern
