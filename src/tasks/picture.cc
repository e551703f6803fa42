// Pictures in and out of files. OpenCV's codecs may throw and log; neither leaves this file.
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>  // the flags alone: tasks/codecs.h
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "quern/file.h"
#include "quern/task.h"
#include "tasks/codecs.h"
#include "tasks/picture.h"
#include "tasks/picture_header.h"

namespace quern {

namespace {

constexpr int64_t kMaxFileBytes = int64_t{512} << 20;
constexpr const char* kSuffixes[] = {".jpg", ".jpeg", ".png", ".bmp", ".ppm"};
constexpr int kJpegQuality = 95;

void silence_opencv() {
  static std::once_flag once;
  std::call_once(once, [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
}

Status check_header(int64_t width, int64_t height, const std::string& name) {
  if (width <= 0 || height <= 0) {
    return fail(ErrorCode::invalid_file, "picture '{}' says it is {}x{}; both sides must be at least 1", name, width,
                height);
  }
  if (width > kMaxPictureSide || height > kMaxPictureSide || width * height > kMaxPicturePixels) {
    return fail(ErrorCode::out_of_memory,
                "picture '{}' is {}x{}, beyond the limit of {} a side and {} pixels in all; scale it down first", name,
                width, height, kMaxPictureSide, kMaxPicturePixels);
  }
  return {};
}

Picture from_bgr(const cv::Mat& decoded) {
  cv::Mat rgb = decoded;
  if (decoded.channels() == 3) cv::cvtColor(decoded, rgb, cv::COLOR_BGR2RGB);
  Picture picture{rgb.cols, rgb.rows, rgb.channels(), {}};
  const size_t row = static_cast<size_t>(rgb.cols) * static_cast<size_t>(rgb.channels());
  picture.pixels.reserve(row * static_cast<size_t>(rgb.rows));
  for (int y = 0; y < rgb.rows; ++y) picture.pixels.insert(picture.pixels.end(), rgb.ptr(y), rgb.ptr(y) + row);
  return picture;
}

/// The pixels in OpenCV's order. Alpha is dropped: none of the formats written needs it.
cv::Mat to_bgr(const Picture& picture) {
  const int type = CV_8UC(picture.channels);
  const cv::Mat view(picture.height, picture.width, type, const_cast<uint8_t*>(picture.pixels.data()));
  if (picture.channels == 1) return view;
  cv::Mat bgr;
  cv::cvtColor(view, bgr, picture.channels == 4 ? cv::COLOR_RGBA2BGR : cv::COLOR_RGB2BGR);
  return bgr;
}

Result<std::vector<uint8_t>> encode(const Picture& picture, const std::string& suffix) {
  silence_opencv();
  QUERN_TRY(const Codecs codec, codecs());
  std::vector<uint8_t> bytes;
  try {
    if (!codec.encode(suffix, to_bgr(picture), bytes, {cv::IMWRITE_JPEG_QUALITY, kJpegQuality})) bytes.clear();
  } catch (const std::exception&) {
    bytes.clear();
  }
  if (bytes.empty())
    return fail(ErrorCode::internal, "encoding a {}x{} picture as {} failed", picture.width, picture.height, suffix);
  return bytes;
}

}  // namespace

Status check_extents(int64_t width, int64_t height, int channels) {
  if (width <= 0 || height <= 0 || (channels != 1 && channels != 3 && channels != 4)) {
    return fail(ErrorCode::invalid_argument, "a picture cannot be {}x{} with {} channels", width, height, channels);
  }
  if (width > kMaxPictureSide || height > kMaxPictureSide || width * height > kMaxPicturePixels) {
    return fail(ErrorCode::out_of_memory, "a picture of {}x{} is beyond the limit of {} a side and {} pixels in all",
                width, height, kMaxPictureSide, kMaxPicturePixels);
  }
  return {};
}

Status check_picture(const Picture& picture) {
  QUERN_CHECK(check_extents(picture.width, picture.height, picture.channels));
  const int64_t bytes = int64_t{picture.width} * picture.height * picture.channels;
  if (bytes == static_cast<int64_t>(picture.pixels.size())) return {};
  return fail(ErrorCode::invalid_argument, "a {}x{} picture with {} channels needs {} bytes of pixels, but has {}",
              picture.width, picture.height, picture.channels, bytes, picture.pixels.size());
}

Result<Picture> make_picture(int width, int height, int channels) {
  QUERN_CHECK(check_extents(width, height, channels));
  Picture picture{width, height, channels, {}};
  picture.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels));
  return picture;
}

Result<Picture> decode_picture(std::span<const std::byte> file, const std::string& name) {
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(file.data()), file.size());
  QUERN_TRY(const PictureHeader header, read_picture_header(bytes, name));
  QUERN_CHECK(check_header(header.width, header.height, name));
  QUERN_TRY(const std::vector<uint8_t> safe, checked_picture(bytes, header, name));
  silence_opencv();
  QUERN_TRY(const Codecs codec, codecs());
  try {
    const cv::Mat decoded = codec.decode(safe, cv::IMREAD_ANYCOLOR);
    if (!decoded.empty() && decoded.depth() == CV_8U && (decoded.channels() == 1 || decoded.channels() == 3))
      return from_bgr(decoded);
  } catch (const std::exception&) {
    // Told below: what OpenCV says names its own source lines, not the file.
  }
  return fail(ErrorCode::invalid_file,
              "picture '{}' cannot be decoded: its header says {}x{}, but its pixels are damaged or of a rare kind",
              name, header.width, header.height);
}

Result<Picture> read_picture(const std::string& path) {
  QUERN_TRY(const std::vector<std::byte> bytes, read_file(path, kMaxFileBytes));
  auto picture = decode_picture(bytes, path);
  if (picture.ok()) return picture;
  Error named = picture.error();
  named.file = path;
  return named;
}

Result<std::vector<std::byte>> encode_picture(const Picture& picture, const std::string& wanted) {
  std::string suffix = wanted;
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (std::find(std::begin(kSuffixes), std::end(kSuffixes), suffix) == std::end(kSuffixes)) {
    return fail(ErrorCode::invalid_argument, "there is no picture format '{}'; use .jpg, .png, .bmp or .ppm", suffix);
  }
  QUERN_CHECK(check_picture(picture));
  if (suffix == ".ppm" && picture.channels == 1) {  // a PPM has colours
    Picture rgb{picture.width, picture.height, 3, {}};
    for (uint8_t gray : picture.pixels) rgb.pixels.insert(rgb.pixels.end(), 3, gray);
    return encode_picture(rgb, suffix);
  }
  QUERN_TRY(const std::vector<uint8_t> bytes, encode(picture, suffix));
  const auto view = std::as_bytes(std::span(bytes));
  return std::vector<std::byte>(view.begin(), view.end());
}

Status write_picture(const Picture& picture, const std::string& path) {
  const std::string suffix = std::filesystem::path(path).extension().string();
  auto bytes = encode_picture(picture, suffix);
  if (bytes.ok()) return write_file(path, *bytes);
  if (bytes.error().code != ErrorCode::invalid_argument || check_picture(picture).ok() == false) return bytes.status();
  return fail(ErrorCode::invalid_argument,
              "cannot tell the picture format of '{}' by its suffix '{}'; use .jpg, .png, .bmp or .ppm", path, suffix);
}

}  // namespace quern
