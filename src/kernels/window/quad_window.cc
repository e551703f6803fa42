#include "kernels/window/quad_window.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "kernels/window/run_weights.h"

namespace quern {

namespace {

constexpr int64_t kQuad = 4;      ///< lines that are interleaved
constexpr int64_t kSlack = 64;    ///< what vectors write and read behind a line
constexpr int64_t kSixteen = 16;  ///< elements that stay together in a stream
// Elements of a line whose streams, four times as many bytes, stay in the first-level cache beside what they are made
// of.
constexpr int64_t kChunk = 4096;

LineVector<std::byte>& scratch(int64_t bytes) {
  static thread_local LineVector<std::byte> instance;
  instance.resize(std::max(instance.size(), static_cast<size_t>(bytes)));
  return instance;
}

class QuadWindowKernel final : public Kernel {
 public:
  QuadWindowKernel(const OpCall& call, const ProductGeometry& g, RunWeights weights, const QuadKernel& kernel)
      : g_(g), kernel_(kernel), is_signed_(call.inputs[0].dtype == DType::int8), weights_(std::move(weights)) {
    zero_ = static_cast<std::byte>(zero_point_of(call.inputs[0]) + (is_signed_ ? 128 : 0));
    padding_.assign(static_cast<size_t>(g.in_width * g.in_channels),
                    static_cast<std::byte>(zero_point_of(call.inputs[0])));
    // Streams an odd number of cache lines apart spread over all sets of the cache.
    chunk_ = std::clamp<int64_t>(kChunk / g.in_channels, 1, g.out_width);
    // The input's part of the first chunk begins on a cache line: stores that cross one are slow.
    lead_ = (kSlack - g.pad_left * g.in_channels % kSlack) % kSlack;
    pitch_ = ceil_div(lead_ + (chunk_ + reach(g)) * g.in_channels + kSlack, kSlack) * kSlack;
    if (pitch_ / kSlack % 2 == 0) pitch_ += kSlack;
    for (int64_t kx = 0; kx < g.kernel[1]; ++kx) {
      for (int64_t group = 0; group < groups(g); ++group) {
        offsets_.push_back(group * kQuad * pitch_ + kx * g.dilations[1] * g.in_channels);
      }
    }
  }

  /// Columns of a window behind its first.
  static int64_t reach(const ProductGeometry& g) { return (g.kernel[1] - 1) * g.dilations[1]; }
  /// Fours of lines under a window.
  static int64_t groups(const ProductGeometry& g) { return ceil_div(g.kernel[0], kQuad); }
  /// Column by column of the window, four taps below each other at a time.
  static TapOrder tap_order(const ProductGeometry& g) {
    TapOrder taps;
    for (int64_t kx = 0; kx < g.kernel[1]; ++kx) {
      for (int64_t ky = 0; ky < groups(g) * kQuad; ++ky) taps.push_back(ky < g.kernel[0] ? ky * g.kernel[1] + kx : -1);
    }
    return taps;
  }

  void run(const Buffers& buffers, ThreadPool& pool) const override {
    const auto* input = buffers.in<std::byte>(0);
    auto* output = buffers.out<std::byte>(0);
    pool.parallel_for(g_.batch * g_.out_height, 1, [&](int64_t begin, int64_t end) {
      std::byte* streams = scratch(groups(g_) * kQuad * pitch_).data() + lead_;
      for (int64_t line = begin; line < end; ++line) {
        const std::byte* image = input + line / g_.out_height * g_.in_height * g_.in_width * g_.in_channels;
        for (int64_t x = 0; x < g_.out_width; x += chunk_) {
          const Piece piece{line % g_.out_height, x, std::min(chunk_, g_.out_width - x)};
          for (int64_t group = 0; group < groups(g_); ++group) {
            interleave(image, piece, group, streams + group * kQuad * pitch_);
          }
          run_piece(streams, piece.width, output + (line * g_.out_width + x) * g_.out_channels);
        }
      }
    });
  }

 private:
  /// A part of an output line.
  struct Piece {
    int64_t y, x, width;
  };

  /// Interleaves four lines under a piece, with the padding at their sides.
  void interleave(const std::byte* image, const Piece& piece, int64_t group, std::byte* streams) const {
    const int64_t first = piece.x - g_.pad_left;  // column of the input, outside it where negative
    const int64_t width = piece.width + reach(g_);
    const int64_t left = std::clamp<int64_t>(-first, 0, width);
    const int64_t inside = std::clamp<int64_t>(g_.in_width - (first + left), 0, width - left);
    const int64_t right = width - left - inside;
    QuadLines quad{};
    for (int64_t i = 0; i < kQuad; ++i) {
      const int64_t ky = group * kQuad + i;
      const int64_t in_y = piece.y * g_.strides[0] - g_.pad_top + ky * g_.dilations[0];
      const bool outside = ky >= g_.kernel[0] || in_y < 0 || in_y >= g_.in_height;
      quad.lines[i] = outside ? padding_.data() : image + (in_y * g_.in_width + first + left) * g_.in_channels;
    }
    quad.length = inside * g_.in_channels;
    quad.is_signed = is_signed_;
    quad.streams = streams + left * g_.in_channels;
    quad.pitch = pitch_;
    kernel_.interleave(quad);
    for (int64_t j = 0; j < kQuad; ++j) {
      std::byte* stream = streams + j * pitch_;
      std::memset(stream, static_cast<int>(zero_), static_cast<size_t>(left * g_.in_channels));
      std::memset(stream + (left + inside) * g_.in_channels, static_cast<int>(zero_),
                  static_cast<size_t>(right * g_.in_channels));
    }
  }

  void run_piece(const std::byte* streams, int64_t width, std::byte* out) const {
    QuadWindows windows{};
    windows.streams = streams;
    windows.pitch = pitch_;
    windows.offsets = offsets_.data();
    windows.quads = static_cast<int64_t>(offsets_.size());
    windows.length = width * g_.out_channels;
    windows.patterns = weights_.patterns;
    windows.weights = reinterpret_cast<const std::byte*>(weights_.weights.data());
    windows.bias = weights_.bias.data();
    windows.scale = weights_.scale.data();
    windows.zero_point = weights_.zero_point;
    windows.low = weights_.low;
    windows.high = weights_.high;
    windows.out = out;
    kernel_.run(windows);
  }

  ProductGeometry g_;
  const QuadKernel& kernel_;
  bool is_signed_;
  RunWeights weights_;
  std::byte zero_{};                ///< the input's zero point as uint8
  std::vector<std::byte> padding_;  ///< a line of the input's zero point
  int64_t chunk_ = 1;               ///< columns of a piece
  int64_t lead_ = 0;                ///< unused bytes before a stream
  int64_t pitch_ = 0;               ///< bytes from stream to stream
  std::vector<int64_t> offsets_;
};

}  // namespace

std::unique_ptr<Kernel> make_quad_window(const OpCall& call, const QuadKernel& kernel) {
  const auto geometry = depthwise_geometry(call);
  if (!geometry || geometry->in_channels % kSixteen != 0 || geometry->strides[1] != 1) return nullptr;
  auto weights = run_weights(call, *geometry, QuadWindowKernel::tap_order(*geometry), true);
  if (!weights) return nullptr;
  return std::make_unique<QuadWindowKernel>(call, *geometry, *std::move(weights), kernel);
}

}  // namespace quern
