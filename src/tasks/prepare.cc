// A picture becomes the model's input: fit, pick channels, scale bytes to values, quantize.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/width.h"
#include "tasks/picture.h"

namespace quern {

namespace {

struct Layout {
  int channels = 0;
  int height = 0;
  int width = 0;
  bool channels_last = false;
};

bool is_channel_count(int64_t extent) {
  return extent == 1 || extent == 3;
}

Result<Layout> read_layout(const PictureInput& input, std::vector<std::string>& notes) {
  const Shape& s = input.shape;
  const bool first = s.size() == 4 && is_channel_count(s[1]);
  const bool last = s.size() == 4 && is_channel_count(s[3]);
  if (!first && !last) {
    return fail(ErrorCode::invalid_argument,
                "input '{}' of shape {} takes no picture: it needs 1xCxHxW or 1xHxWxC with 1 or 3 channels; give "
                "arrays with --input",
                input.name, to_string(s));
  }
  if (s[0] != 1 && s[0] != -1) {
    return fail(ErrorCode::invalid_argument,
                "input '{}' of shape {} takes {} pictures at once; fix its first extent to 1 with --shape", input.name,
                to_string(s), s[0]);
  }
  const int64_t height = first ? s[2] : s[1];
  const int64_t width = first ? s[3] : s[2];
  if (height <= 0 || width <= 0) {
    return fail(ErrorCode::invalid_argument,
                "input '{}' of shape {} has no fixed height and width; fix them, e.g. --shape {}:1x3x224x224",
                input.name, to_string(s), input.name);
  }
  QUERN_CHECK(check_extents(width, height, 3));
  if (first && last) {
    notes.push_back(
        fmt::format("input '{}' of shape {} reads as NCHW and as NHWC; NCHW was taken", input.name, to_string(s)));
  }
  return Layout{static_cast<int>(first ? s[1] : s[3]), static_cast<int>(height), static_cast<int>(width), !first};
}

// ---- fit ----

struct Fitted {
  Picture picture;
  Geometry geometry;
};

Geometry geometry_of(const Picture& picture, int width, int height) {
  Geometry g{picture.width, picture.height, width, height};
  g.scale_x = static_cast<double>(width) / picture.width;
  g.scale_y = static_cast<double>(height) / picture.height;
  return g;
}

Result<Fitted> fit_stretch(const Picture& picture, const Preprocess& record, int width, int height) {
  QUERN_TRY(Picture fitted, resize_picture(picture, width, height, record.filter));
  return Fitted{std::move(fitted), geometry_of(picture, width, height)};
}

Result<Fitted> fit_warp(const Picture& picture, const Preprocess&, int width, int height) {
  QUERN_TRY(Picture fitted, warp_picture(picture, width, height));
  return Fitted{std::move(fitted), geometry_of(picture, width, height)};
}

/// The side that fills decides; the other keeps the ratio, cut to whole pixels. torchvision rounds the same way.
Window crop_of(const Picture& picture, double crop_pct, int width, int height, int& full_width, int& full_height) {
  const int64_t least_width = std::lround(width * 100.0 / crop_pct);
  const int64_t least_height = std::lround(height * 100.0 / crop_pct);
  const bool width_fills = least_width * picture.height >= least_height * picture.width;
  full_width = static_cast<int>(width_fills ? least_width : least_height * picture.width / picture.height);
  full_height = static_cast<int>(width_fills ? least_width * picture.height / picture.width : least_height);
  return {static_cast<int>(std::nearbyint((full_width - width) / 2.0)),
          static_cast<int>(std::nearbyint((full_height - height) / 2.0)), width, height};
}

Result<Fitted> fit_crop(const Picture& picture, const Preprocess& record, int width, int height) {
  int full_width = 0;
  int full_height = 0;
  const Window window = crop_of(picture, record.crop_pct, width, height, full_width, full_height);
  Geometry geometry = geometry_of(picture, full_width, full_height);
  geometry.model_width = width;
  geometry.model_height = height;
  geometry.offset_x = -window.x;
  geometry.offset_y = -window.y;
  if (record.filter != Filter::cv_linear) {
    QUERN_TRY(Picture fitted, resize_window(picture, full_width, full_height, record.filter, window));
    return Fitted{std::move(fitted), geometry};
  }
  QUERN_TRY(const Picture whole, resize_picture(picture, full_width, full_height, record.filter));
  QUERN_TRY(Picture fitted, resize_window(whole, full_width, full_height, Filter::nearest, window));
  return Fitted{std::move(fitted), geometry};
}

Result<Fitted> fit_letterbox(const Picture& picture, const Preprocess& record, int width, int height) {
  const double ratio =
      std::min(static_cast<double>(width) / picture.width, static_cast<double>(height) / picture.height);
  const int inner_width = std::clamp(static_cast<int>(std::lround(picture.width * ratio)), 1, width);
  const int inner_height = std::clamp(static_cast<int>(std::lround(picture.height * ratio)), 1, height);
  QUERN_TRY(const Picture inner, resize_picture(picture, inner_width, inner_height, record.filter));
  QUERN_TRY(Picture fitted, make_picture(width, height, picture.channels));
  const int left = (width - inner_width) / 2;
  const int top = (height - inner_height) / 2;
  const auto channels = static_cast<size_t>(picture.channels);
  const size_t row = static_cast<size_t>(inner_width) * channels;
  for (int y = 0; y < inner_height; ++y) {
    const size_t at =
        (static_cast<size_t>(y + top) * static_cast<size_t>(width) + static_cast<size_t>(left)) * channels;
    std::copy_n(&inner.pixels[row * static_cast<size_t>(y)], row, &fitted.pixels[at]);
  }
  Geometry geometry = geometry_of(picture, inner_width, inner_height);
  geometry.model_width = width;
  geometry.model_height = height;
  geometry.offset_x = left;
  geometry.offset_y = top;
  return Fitted{std::move(fitted), geometry};
}

Result<Fitted> fit_picture(const Picture& picture, const Preprocess& record, const Layout& layout) {
  constexpr Result<Fitted> (*kSteps[])(const Picture&, const Preprocess&, int, int) = {fit_stretch, fit_crop,
                                                                                       fit_letterbox, fit_warp};
  return kSteps[static_cast<size_t>(record.fit)](picture, record, layout.width, layout.height);
}

// ---- channels ----

/// ITU-R 601 luminance in the integers that Pillow uses for "L"; a gray pixel stays itself.
uint8_t luminance(const uint8_t* rgb) {
  return static_cast<uint8_t>((19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 32768U) >> 16);
}

/// The bytes of one pixel's model channels, one after the other. Alpha is ignored.
void pick_channels(const uint8_t* pixel, int channels, Order order, int model_channels, uint8_t* out) {
  const std::array<uint8_t, 3> rgb = channels == 1 ? std::array<uint8_t, 3>{pixel[0], pixel[0], pixel[0]}
                                                   : std::array<uint8_t, 3>{pixel[0], pixel[1], pixel[2]};
  if (order == Order::blue) {
    std::fill_n(out, model_channels, rgb[2]);
  } else if (order == Order::gray || model_channels == 1) {
    std::fill_n(out, model_channels, luminance(rgb.data()));
  } else {
    for (size_t c = 0; c < 3; ++c) out[c] = rgb[order == Order::rgb ? c : 2 - c];
  }
}

// ---- values ----

struct Scaling {
  std::vector<double> mean;
  std::vector<double> std_dev;
};

struct Range {
  double low;
  double high;
};

Range real_range(const PictureInput& input) {
  const double low = input.dtype == DType::int8 ? -128 : 0;
  const double scale = input.quantization.scales[0];
  const double zero = input.quantization.zero_points.empty() ? 0 : input.quantization.zero_points[0];
  return {(low - zero) * scale, (low + 255 - zero) * scale};
}

bool about(double value, double wanted) {
  return std::abs(value - wanted) <= 0.1;
}

bool is_quantized(const PictureInput& input) {
  return !is_float(input.dtype) && !input.quantization.empty() && input.quantization.scales[0] != 0;
}

/// The scaling under which a byte lands on its own code: low + byte. The usual ranges -1..1 and 0..1 were spread over
/// the codes with one code of rounding, and runtimes feed such models bytes as they are.
Scaling byte_codes(const PictureInput& input) {
  const double low = input.dtype == DType::int8 ? -128 : 0;
  const double zero = input.quantization.zero_points.empty() ? 0 : input.quantization.zero_points[0];
  return {{zero - low}, {1.0 / input.quantization.scales[0]}};
}

/// mean and std where the record has none, with the sentence that says so.
Scaling default_scaling(const PictureInput& input, std::vector<std::string>& notes) {
  const Scaling unit = {{0.0}, {255.0}};
  if (is_quantized(input) && is_8bit(input.dtype)) {
    const Range range = real_range(input);
    const bool usual = about(range.high, 1) && (about(range.low, -1) || about(range.low, 0));
    const Scaling scaling = usual ? byte_codes(input) : unit;
    notes.push_back(fmt::format("no mean and std given: input '{}' covers {:.3g}..{:.3g}{} (mean={:.5g} std={:.5g})",
                                input.name, range.low, range.high,
                                usual
                                    ? ", and bytes were spread over that range"
                                    : ", which is neither -1..1 nor 0..1; bytes became 0..1, give mean and std if the "
                                      "model was trained otherwise",
                                scaling.mean[0], scaling.std_dev[0]));
    return scaling;
  }
  if (!is_float(input.dtype) && !is_quantized(input)) {
    notes.push_back(
        fmt::format("input '{}' is {} without scale: bytes are taken as they are", input.name, to_string(input.dtype)));
    return {{input.dtype == DType::int8 ? 128.0 : 0.0}, {1.0}};
  }
  notes.push_back(fmt::format("no mean and std given: bytes became 0..1 for input '{}' (mean=0 std=255)", input.name));
  return unit;
}

/// Records that are well formed but probably not meant.
void doubt_scaling(const Scaling& scaling, std::vector<std::string>& notes) {
  const auto below_one = [](double value) { return std::abs(value) < 1; };
  if (std::all_of(scaling.std_dev.begin(), scaling.std_dev.end(), below_one)) {
    notes.push_back(
        "std is below 1 although it divides bytes of 0..255; values meant for 0..1 must be multiplied by 255");
  }
  if (scaling.std_dev.size() == 3 && (about(scaling.std_dev[2], 65.025) || about(scaling.std_dev[0], 65.025))) {
    notes.push_back(
        "std has 65.025 (0.255 x 255); the ImageNet value for blue is 57.375 (0.225 x 255): a known misprint");
  }
}

Result<Scaling> scaling_of(const Preprocess& record, const PictureInput& input, const Layout& layout,
                           std::vector<std::string>& notes) {
  if (record.mean.empty() && record.std_dev.empty()) return default_scaling(input, notes);
  const Scaling scaling{record.mean.empty() ? std::vector<double>{0.0} : record.mean,
                        record.std_dev.empty() ? std::vector<double>{1.0} : record.std_dev};
  for (const auto* values : {&scaling.mean, &scaling.std_dev}) {
    if (values->size() != 1 && values->size() != static_cast<size_t>(layout.channels)) {
      return fail(ErrorCode::invalid_argument, "pre-processing: {} has {} numbers, but input '{}' has {} channel(s)",
                  values == &scaling.mean ? "mean" : "std", values->size(), input.name, layout.channels);
    }
  }
  doubt_scaling(scaling, notes);
  return scaling;
}

/// The value of each of the 256 bytes in channel `c`.
std::array<float, 256> values_of(const Scaling& scaling, int c) {
  const double mean = scaling.mean[scaling.mean.size() == 1 ? 0 : static_cast<size_t>(c)];
  const double std_dev = scaling.std_dev[scaling.std_dev.size() == 1 ? 0 : static_cast<size_t>(c)];
  std::array<float, 256> values;
  for (size_t byte = 0; byte < 256; ++byte)
    values[byte] = static_cast<float>((static_cast<double>(byte) - mean) / std_dev);
  return values;
}

template <typename T>
T stored(float value, const PictureInput& input) {
  if constexpr (std::is_same_v<T, float>) {
    return value;
  } else {
    const float scale = is_quantized(input) ? input.quantization.scales[0] : 1.0F;
    const int32_t zero =
        is_quantized(input) && !input.quantization.zero_points.empty() ? input.quantization.zero_points[0] : 0;
    const float code = std::nearbyint(value / scale + static_cast<float>(zero));
    return static_cast<T>(std::clamp(code, static_cast<float>(std::numeric_limits<T>::min()),
                                     static_cast<float>(std::numeric_limits<T>::max())));
  }
}

/// Looks every byte up in its channel's table and lays the results out as the model wants them.
template <typename T>
void fill(const Picture& picture, Order order, const Layout& layout, const Scaling& scaling, const PictureInput& input,
          std::span<T> out) {
  std::array<std::array<T, 256>, 3> table{};
  for (int c = 0; c < layout.channels; ++c) {
    const std::array<float, 256> values = values_of(scaling, c);
    for (size_t byte = 0; byte < 256; ++byte) table[static_cast<size_t>(c)][byte] = stored<T>(values[byte], input);
  }
  const size_t pixels = static_cast<size_t>(layout.width) * static_cast<size_t>(layout.height);
  const auto channels = static_cast<size_t>(layout.channels);
  for (size_t i = 0; i < pixels; ++i) {
    uint8_t bytes[3];
    pick_channels(&picture.pixels[i * static_cast<size_t>(picture.channels)], picture.channels, order, layout.channels,
                  bytes);
    for (size_t c = 0; c < channels; ++c)
      out[layout.channels_last ? i * channels + c : c * pixels + i] = table[c][bytes[c]];
  }
}

Status check_dtype(const PictureInput& input) {
  const bool wide = is_16bit(input.dtype) && !input.quantization.empty();
  if (input.dtype != DType::float32 && !is_8bit(input.dtype) && !wide) {
    return fail(ErrorCode::unsupported,
                "input '{}' is {}; pictures are prepared for float32, uint8, int8 and quantized int16 and uint16 only",
                input.name, to_string(input.dtype));
  }
  if (!is_float(input.dtype) && input.quantization.per_axis()) {
    return fail(ErrorCode::unsupported, "input '{}' has a scale per channel; pictures are prepared for one scale only",
                input.name);
  }
  if (is_quantized(input) && !(std::isfinite(input.quantization.scales[0]) && input.quantization.scales[0] > 0)) {
    return fail(ErrorCode::invalid_argument, "input '{}' has the scale {}; it must be positive", input.name,
                input.quantization.scales[0]);
  }
  return {};
}

}  // namespace

Result<Prepared> prepare_picture(const Picture& picture, const Preprocess& record, const PictureInput& input) {
  QUERN_CHECK(check_picture(picture));
  QUERN_CHECK(check_dtype(input));
  Prepared prepared;
  QUERN_TRY(const Layout layout, read_layout(input, prepared.notes));
  QUERN_TRY(const Scaling scaling, scaling_of(record, input, layout, prepared.notes));
  QUERN_TRY(const Fitted fitted, fit_picture(picture, record, layout));
  Shape shape = input.shape;
  shape[0] = 1;
  QUERN_TRY(prepared.tensor, Tensor::make(input.dtype, std::move(shape)));
  prepared.tensor.quantization = input.quantization;
  prepared.geometry = fitted.geometry;
  const auto fill_with = [&](auto element) {
    fill(fitted.picture, record.order, layout, scaling, input, prepared.tensor.mutable_data<decltype(element)>());
  };
  if (input.dtype == DType::float32) fill_with(float{});
  if (input.dtype == DType::int8) fill_with(int8_t{});
  if (input.dtype == DType::uint8) fill_with(uint8_t{});
  if (input.dtype == DType::int16) fill_with(int16_t{});
  if (input.dtype == DType::uint16) fill_with(uint16_t{});
  if (layout.channels == 1 && (record.order == Order::rgb || record.order == Order::bgr)) {
    prepared.notes.push_back(fmt::format("input '{}' has one channel: the picture was turned gray", input.name));
  }
  return prepared;
}

}  // namespace quern
