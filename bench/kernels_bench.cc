// Times every kernel row that does a layer, the reference among them, on layers of MobileNetV2, SqueezeNet and
// face_det_lite. Fair ratios need rows that take turns:
//   bench_kernels --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
//   --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <random>

#include "base/error.h"
#include "kernels/kernel.h"

namespace quern {
namespace {

/// A convolution with padding that keeps the extent (divided by the stride).
struct Layer {
  const char* name;
  int64_t size, in_channels, out_channels, kernel, stride;
  bool depthwise;
};

constexpr Layer kLayers[] = {
    {"mobilenet_stem", 224, 3, 32, 3, 2, false},         {"mobilenet_expand_112", 112, 16, 96, 1, 1, false},
    {"mobilenet_project_56", 56, 144, 24, 1, 1, false},  {"mobilenet_expand_14", 14, 64, 384, 1, 1, false},
    {"mobilenet_last_7", 7, 320, 1280, 1, 1, false},     {"mobilenet_dw_112", 112, 32, 32, 3, 1, true},
    {"mobilenet_dw_56_s2", 56, 144, 144, 3, 2, true},    {"mobilenet_dw_14", 14, 384, 384, 3, 1, true},
    {"squeezenet_expand3_27", 27, 32, 128, 3, 1, false}, {"face_det_stem", 320, 1, 16, 3, 2, false},
    {"face_det_conv_60", 60, 64, 64, 3, 1, false},       {"face_det_pointwise_277", 277, 16, 16, 1, 1, false},
    {"nanodet_dw5_40", 40, 96, 96, 5, 1, true},
};

struct Operands {
  Tensor x, w, bias, y;
};

Tensor random_tensor(DType type, const Shape& shape) {
  std::mt19937 engine(7);
  Tensor tensor = *Tensor::make(type, shape);
  if (type == DType::float32) {
    for (float& v : tensor.mutable_data<float>()) v = std::uniform_real_distribution<float>(-1, 1)(engine);
  } else {
    auto* bytes = static_cast<uint8_t*>(tensor.mutable_raw());
    for (int64_t i = 0; i < tensor.bytes(); ++i) bytes[i] = static_cast<uint8_t>(engine());
  }
  return tensor;
}

Operands make_operands(const Layer& layer, DType type) {
  const bool integer = is_8bit(type);
  const int64_t out = (layer.size - 1) / layer.stride + 1;
  Operands o;
  o.x = random_tensor(type, {1, layer.size, layer.size, layer.in_channels});
  o.w = random_tensor(integer ? DType::int8 : type,
                      {layer.out_channels, layer.kernel, layer.kernel, layer.depthwise ? 1 : layer.in_channels});
  o.bias = *Tensor::make(integer ? DType::int32 : type, {layer.out_channels});
  o.y = *Tensor::make(type, {1, out, out, layer.out_channels});
  if (!integer) return o;
  const auto channels = static_cast<size_t>(layer.out_channels);
  o.x.quantization = {{0.02f}, {3}, 0};
  o.w.quantization = {std::vector<float>(channels, 0.004f), std::vector<int32_t>(channels, 0), 0};
  o.y.quantization = {{0.2f}, {5}, 0};
  return o;
}

Operand operand_of(const Tensor& t, bool constant) {
  return {t.dtype(), t.shape(), t.quantization, constant ? t.raw() : nullptr, true};
}

OpCall make_call(const Layer& layer, const Operands& o, Arithmetic arithmetic) {
  ConvAttrs attrs;
  attrs.strides = {layer.stride, layer.stride};
  const int64_t before = layer.kernel / 2;
  attrs.pads = {before, before, before, before};
  attrs.groups = layer.depthwise ? layer.in_channels : 1;
  OpCall call;
  call.kind = OpKind::Conv;
  call.attrs = attrs;
  call.inputs = {operand_of(o.x, false), operand_of(o.w, true), operand_of(o.bias, true)};
  call.outputs = {operand_of(o.y, false)};
  call.arithmetic = arithmetic;
  return call;
}

void run_row(benchmark::State& state, const Layer& layer, DType type, Arithmetic arithmetic, const KernelRow& row) {
  Operands o = make_operands(layer, type);
  const auto kernel = row.make(make_call(layer, o, arithmetic));
  const void* const inputs[] = {o.x.raw(), o.w.raw(), o.bias.raw()};
  void* const outputs[] = {o.y.mutable_raw()};
  ThreadPool pool(static_cast<int>(state.range(0)));
  const ThreadPool::Hot hot(pool);
  for (auto _ : state) kernel->run({inputs, outputs}, pool);
  const double products = static_cast<double>(o.y.size()) * static_cast<double>(o.w.size() / layer.out_channels);
  state.counters["GMAC/s"] = benchmark::Counter(products / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void register_layer(const Layer& layer, DType type, Arithmetic arithmetic) {
  const Operands o = make_operands(layer, type);
  const OpCall call = make_call(layer, o, arithmetic);
  for (const KernelRow& row : kernel_rows()) {
    if (!supported(row.isa) || row.make(call) == nullptr) continue;
    const char* rule = arithmetic == Arithmetic::float_rule ? "" : "/fixed";
    const std::string name = fmt::format("{}/{}{}/{}", layer.name, to_string(type), rule, row.name);
    benchmark::RegisterBenchmark(
        name.c_str(),
        [&layer, &row, type, arithmetic](benchmark::State& state) { run_row(state, layer, type, arithmetic, row); })
        ->Arg(1)
        ->Arg(2)
        ->ArgName("threads")
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace quern

int main(int argc, char** argv) {
  for (const auto& layer : quern::kLayers) {
    quern::register_layer(layer, quern::DType::int8, quern::Arithmetic::float_rule);
    quern::register_layer(layer, quern::DType::int8, quern::Arithmetic::fixed_rule);
    quern::register_layer(layer, quern::DType::float32, quern::Arithmetic::float_rule);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
