// The rewrites: each gives other ways to compute what a refused operator computes, to the byte. None looks at whether
// the target takes what it makes; the driver does, and compares the bytes.
#pragma once

#include <span>

#include "compile/npu/rewrite/rework.h"

namespace quern::npu {

/// One rewrite: the name of its file, and the ways it knows, the cheapest first.
struct Change {
  const char* name;
  void (*ways)(const Spot& spot, std::vector<Alternative>& ways);
};

/// In the order in which they are tried: those that cost least come first.
std::span<const Change> changes();

/// A convolution whose output must be as wide as a multiple of its stride computes more columns; they are dropped.
void more_columns(const Spot& spot, std::vector<Alternative>& ways);
/// A convolution's, or an average's, padding becomes a Pad before it.
void pad_before(const Spot& spot, std::vector<Alternative>& ways);
/// Unequal pads of a transposed convolution or a pool become equal ones; the rows and columns too many are dropped.
void crop_behind(const Spot& spot, std::vector<Alternative>& ways);
/// A dilated kernel becomes a denser one with zeros between its taps.
void spread_taps(const Spot& spot, std::vector<Alternative>& ways);
/// A large MaxPool becomes two smaller ones, one behind the other.
void chain_pools(const Spot& spot, std::vector<Alternative>& ways);
/// Strides of a convolution and steps of a Slice become a MaxPool of 1x1 windows with these strides.
void pick_elements(const Spot& spot, std::vector<Alternative>& ways);
/// Blocks of rows and columns become channels: a large kernel or stride becomes a small one over them.
void fold_blocks(const Spot& spot, std::vector<Alternative>& ways);
/// Output channels are computed in several parts; channels that the target asks for beyond those there are, are zeros.
void fit_channels(const Spot& spot, std::vector<Alternative>& ways);
/// A value of too few axes gets axes of extent 1.
void raise_rank(const Spot& spot, std::vector<Alternative>& ways);
/// Mirrored, repeated and other paddings become slices of the input, or constants, joined to it.
void join_pads(const Spot& spot, std::vector<Alternative>& ways);
/// A kind that the target has not becomes another that gives the same codes, tried on all of them.
void equal_kind(const Spot& spot, std::vector<Alternative>& ways);
/// An activation that must follow a convolution gets one that changes nothing before it.
void identity_convolution(const Spot& spot, std::vector<Alternative>& ways);
/// Elements of float32 that only move are moved as codes, behind a Quantize or before a Dequantize.
void move_codes(const Spot& spot, std::vector<Alternative>& ways);

}  // namespace quern::npu
