#include "kernels/lanes/lane_kernels.h"
#include "kernels/lanes/operands.h"
#include "kernels/reference_kernel.h"
#include "kernels/resize/neighbours.h"

namespace quern {

namespace {

/// The lines of the input that a thread has as floats: the two under its present line of the output.
class RealLines {
 public:
  RealLines(const Operand& x, int64_t length, void (*dequantize)(const Bytes&, int64_t, float*))
      : x_(x), length_(length), dequantize_(dequantize) {
    for (Line& line : lines_) line.real.resize(static_cast<size_t>(length));
  }

  /// Line `index` of all batches' lines; `kept` must stay as well.
  const float* at(const uint8_t* input, int64_t index, int64_t kept) {
    for (const Line& line : lines_) {
      if (line.index == index) return line.real.data();
    }
    Line& line = lines_[0].index == kept ? lines_[1] : lines_[0];
    line.index = index;
    dequantize_(bytes_of(x_, input + index * length_, scale_of(x_)), length_, line.real.data());
    return line.real.data();
  }

 private:
  struct Line {
    int64_t index = -1;
    std::vector<float> real;
  };
  const Operand& x_;
  int64_t length_;
  void (*dequantize_)(const Bytes&, int64_t, float*);
  Line lines_[2];
};

}  // namespace

std::unique_ptr<Kernel> make_lane_resize(const OpCall& call, const Lanes& lanes) {
  if (!resizes_planes_linearly(call) || call.arithmetic != Arithmetic::float_rule) return nullptr;
  const Operand& x = call.inputs[0];
  const Operand& y = call.outputs[0];
  if (!is_quantized_8bit(x) || !is_quantized_8bit(y)) return nullptr;
  return make_kernel([x, y, rows = neighbours(resize_axis(call, 1)), columns = neighbours(resize_axis(call, 2)), lanes](
                         const Buffers& b, ThreadPool& pool) {
    const int64_t height = y.shape[1], width = y.shape[2], channels = y.shape[3];
    pool.parallel_for(y.shape[0] * height, 1, [&](int64_t begin, int64_t end) {
      RealLines lines(x, x.shape[2] * channels, lanes.dequantize);
      for (int64_t line = begin; line < end; ++line) {
        const auto at = static_cast<size_t>(line % height);
        const int64_t image = line / height * x.shape[1];
        const int64_t top = image + rows.first[at], bottom = image + rows.second[at];
        const float* top_line = lines.at(b.in<uint8_t>(0), top, bottom);
        const float* bottom_line = lines.at(b.in<uint8_t>(0), bottom, top);
        lanes.mix({top_line, bottom_line, rows.first_weight[at], rows.second_weight[at], columns.first.data(),
                   columns.second.data(), columns.first_weight.data(), columns.second_weight.data(), width, channels,
                   scale_of(y)},
                  target_of(y, stored_range(y.dtype), b.out<uint8_t>(0) + line * width * channels));
      }
    });
  });
}

}  // namespace quern
