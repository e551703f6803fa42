// Permutations of axes, and how a permutation passes a Reshape. Extents of 1 are free: moving them moves no element.
#pragma once

#include <optional>

#include "graph/op.h"

namespace quern {

/// Extent i of the result is extent perm[i] of the input.
using Perm = Ints;

Perm inverse(const Perm& perm);
/// The permutation that does `first`, then `second`.
Perm then(const Perm& first, const Perm& second);
bool is_identity(const Perm& perm);
Shape permuted_shape(const Shape& shape, const Perm& perm);
/// True when the elements of an array of this shape keep their order in memory: then the Transpose is a Reshape.
bool moves_only_ones(const Shape& shape, const Perm& perm);
/// The name of a value's twin in another layout, with value = Transpose(twin, perm): "X@nhwc" for channels last, else
/// "X@" and the permutation, e.g. "X@021". The twin of a twin is named after the first value, which may give "X" again.
std::string twin_name(const std::string& name, const Perm& perm);

/// Attributes of a Reshape to exactly this shape.
ReshapeAttrs reshape_to(const Shape& shape);

/// Transpose then Reshape, done as Reshape to `pieces` and Transpose by `inner` (both only where `inner` is no
/// identity), then Reshape to `shape`, then Transpose by `outer`.
struct SunkReshape {
  Shape pieces;
  Perm inner;
  Shape shape;
  Perm outer;
};

/// Moves as much of the transpose of `x` by `perm` behind the Reshape to `y` as can be moved, such that inner moves
/// elements only inside single extents of y. Nothing when the extents have no common factors, when pieces of an extent
/// of y lie apart in x, or when nothing would be won.
std::optional<SunkReshape> sink_through_reshape(const Shape& x, const Perm& perm, const Shape& y);

/// How the features (the last extent of y) of Reshape(Transpose(x, perm), y) are shuffled against those of Reshape(x,
/// y).
struct FeatureOrder {
  Shape pieces;  ///< what the last extent of y is made of
  Perm perm;     ///< Reshape(x, y) has these pieces in this order
};

/// Nothing when more than the features of y moves, or when the extents have no common factors.
std::optional<FeatureOrder> feature_order(const Shape& x, const Perm& perm, const Shape& y);

}  // namespace quern
