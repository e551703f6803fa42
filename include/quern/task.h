// From a picture to a model's input, and from a model's outputs to labels and boxes.
//
// A task is a decoder with a default pre-processing record. The steps, each usable alone:
//   read_picture -> prepare_picture -> (run the model) -> finish_task -> draw_result -> write_picture
// See docs/preprocessing.md for what every key of a record does to the bytes, docs/tasks.md for each decoder's formula.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quern/status.h"
#include "quern/tensor.h"

namespace quern {

// ---- pictures ----

/// An 8-bit picture. Pixels lie row by row without padding; a pixel is gray, R G B, or R G B A.
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 3;  ///< 1, 3 or 4
  std::vector<uint8_t> pixels;
};

/// The largest picture Quern opens: a bound on what a small hostile file can ask for, checked before decoding.
constexpr int64_t kMaxPicturePixels = int64_t{64} << 20;
constexpr int64_t kMaxPictureSide = 16384;

/// A zero-filled (black) picture. Errors: invalid_argument for a bad extent or channel count, out_of_memory beyond the
/// limits.
Result<Picture> make_picture(int width, int height, int channels);
/// JPEG, PNG, BMP, PPM or PGM (told by content) as gray or RGB: alpha is dropped, 16 bits become 8, and the EXIF
/// orientation is applied. `name` stands in error sentences.
Result<Picture> decode_picture(std::span<const std::byte> file, const std::string& name);
Result<Picture> read_picture(const std::string& path);
/// The bytes of a picture file, the format by the suffix: ".jpg", ".png", ".bmp" or ".ppm".
Result<std::vector<std::byte>> encode_picture(const Picture& picture, const std::string& suffix);
/// The format by the suffix: .jpg .jpeg .png .bmp .ppm. Written beside the target and renamed: all or nothing.
Status write_picture(const Picture& picture, const std::string& path);

// ---- resizing ----

enum class Filter : uint8_t {
  nearest,    ///< Pillow's NEAREST
  box,        ///< Pillow's BOX: the mean of the covered area; "area" names it too
  bilinear,   ///< Pillow's BILINEAR, antialiased when it shrinks
  bicubic,    ///< Pillow's BICUBIC (a = -0.5), antialiased
  lanczos,    ///< Pillow's LANCZOS (a = 3), antialiased
  cv_linear,  ///< OpenCV's INTER_LINEAR: two taps whatever the ratio, no antialiasing
};
const char* to_string(Filter filter);

/// A rectangle of whole pixels.
struct Window {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// Resizes to width x height, byte for byte as Pillow (or OpenCV for cv_linear) does on each channel alone.
Result<Picture> resize_picture(const Picture& picture, int width, int height, Filter filter);
/// Only `window` of that resized picture: the same bytes without making the rest. Not for cv_linear.
Result<Picture> resize_window(const Picture& picture, int width, int height, Filter filter, const Window& window);
/// Output (x, y) samples the source at (x * W / width, y * H / height), bilinear in float with black outside, rounded
/// to nearest: the corner-aligned warp that NanoDet is trained with.
Result<Picture> warp_picture(const Picture& picture, int width, int height);

// ---- the pre-processing record ----

enum class Fit : uint8_t {
  stretch,    ///< both sides to the model's, the aspect ratio is not kept
  crop,       ///< the shorter side to model / crop_pct, then the centre
  letterbox,  ///< as large as fits, centred, black around
  warp,       ///< stretch by warp_picture; `filter` is not used
};
enum class Order : uint8_t { rgb, bgr, gray, blue };
const char* to_string(Fit fit);
const char* to_string(Order order);

/// One record of pre-processing, the same for calibrate, run, compare and bench.
/// value = float32((byte - mean) / std), computed in double; then the model's own quantization.
struct Preprocess {
  Fit fit = Fit::stretch;
  double crop_pct = 87.5;  ///< used by Fit::crop only; 87.5 = 224 of 256
  Filter filter = Filter::bilinear;
  Order order = Order::rgb;
  std::vector<double> mean = {};     ///< one number, or one per model channel in the model's order
  std::vector<double> std_dev = {};  ///< the same; both empty: prepare_picture picks the range and says which
  bool operator==(const Preprocess&) const = default;
};

/// Reads a record from JSON ("{…}") or text ("fit=stretch order=bgr mean=104,117,123 std=1").
/// Errors: invalid_argument naming the key, the value and the nearest known spelling.
Result<Preprocess> parse_preprocess(const std::string& text);
/// parse_preprocess of `text_or_file`, or of the contents of the file it names when it ends in ".json".
Result<Preprocess> load_preprocess(const std::string& text_or_file);
/// One line of JSON.
std::string to_json(const Preprocess& record);
/// The form for a command line; parse_preprocess reads it back to an equal record.
std::string to_text(const Preprocess& record);

// ---- preparing an input ----

/// The model input that a picture is prepared for.
struct PictureInput {
  std::string name;
  DType dtype = DType::float32;  ///< float32, 8 bits, or quantized 16
  Shape shape;                   ///< [1,C,H,W] or [1,H,W,C] with C 1 or 3; [1,1|3,…] wins where both read
  Quantization quantization;
};

/// How pixels of the picture and of the model's frame correspond: model = picture * scale + offset, per axis, in
/// continuous coordinates (a pixel's left edge is a whole number).
struct Geometry {
  int picture_width = 0;
  int picture_height = 0;
  int model_width = 0;
  int model_height = 0;
  double scale_x = 1;
  double scale_y = 1;
  double offset_x = 0;
  double offset_y = 0;

  double to_picture_x(double model_x) const { return (model_x - offset_x) / scale_x; }
  double to_picture_y(double model_y) const { return (model_y - offset_y) / scale_y; }
};

struct Prepared {
  Tensor tensor;
  Geometry geometry;
  std::vector<std::string> notes;  ///< what was decided on the caller's behalf, as sentences
};

/// The picture as the model's input tensor. Errors: invalid_argument for an input no picture fits, or a record whose
/// mean or std does not fit the channels; unsupported for a dtype beyond float32, uint8 and int8.
Result<Prepared> prepare_picture(const Picture& picture, const Preprocess& record, const PictureInput& input);

// ---- tasks ----

/// A label with the score the model gave it, as given (no softmax unless asked for).
struct Label {
  int index = 0;
  std::string label;
  float score = 0;
};

struct Point {
  float x = 0;
  float y = 0;
};

/// A box in pixels of the picture that was given; x, y is its top left corner.
struct Detection {
  int class_index = 0;
  std::string label;
  float score = 0;
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
  std::vector<Point> landmarks;
};

struct TaskOptions {
  std::vector<std::string> labels = {};  ///< one per class; empty: the task's, else the decoder's own names, else none
  int top = 5;                           ///< classify: how many labels
  std::optional<double> score = {};      ///< detectors: the least score; not set: the task's default
  std::optional<double> iou = {};        ///< detectors: overlap above which the weaker box goes; negative: keep all
  bool softmax = false;                  ///< classify: turn logits into probabilities
  bool published_boxes = false;          ///< face_det_lite: the published program's whole-pixel, enlarged boxes
};

struct TaskResult {
  std::vector<Label> labels;       ///< best first; equal scores by index
  std::vector<Detection> boxes;    ///< best first
  std::vector<std::string> notes;  ///< warnings, as sentences
};

/// An output the decoder looks for, in words.
struct ExpectedOutput {
  std::string name;
  std::string shape;  ///< e.g. "1 x H/8 x W/8"
};

struct Task {
  std::string name;
  std::string summary;
  Preprocess preprocess;
  std::optional<double> score;  ///< default threshold, for detectors
  std::optional<double> iou;    ///< default NMS limit; negative: none
  std::vector<ExpectedOutput> outputs;
  std::vector<std::string> labels = {};  ///< one per class, from a task record; used where TaskOptions has none
};

/// Every task, in the order of the documentation.
const std::vector<Task>& tasks();
/// Errors: not_found with the nearest name.
Result<Task> find_task(const std::string& name);
/// find_task, or a task record from a JSON file: {"task":NAME, "preprocess":…, "labels":[…], "score":X, "iou":X}. What
/// the record leaves out is the named task's. Errors: not_found, io; invalid_file naming the key and the nearest one.
Result<Task> load_task(const std::string& name_or_file);
/// A task record's text. Errors: invalid_argument, invalid_file as load_task without a file's name.
Result<Task> parse_task(const std::string& record);
/// The record that parse_task reads back to an equal task: one line of JSON.
std::string task_record(const Task& task);
/// The names of a task's classes by index: its labels, else the decoder's own (COCO's 80, or "face"), else none.
std::vector<std::string> class_names(const Task& task);
/// One JSON object: name, summary, preprocess (object and text), score, iou, outputs, labels.
std::string to_json(const Task& task);

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Turns the model's outputs (float or quantized, in any order) into labels or boxes.
/// Errors: invalid_argument listing the outputs found and expected.
Result<TaskResult> finish_task(const Task& task, std::span<const NamedTensor> outputs, const Geometry& geometry,
                               const TaskOptions& options);
/// {"labels":[{index,label,score}],"boxes":[{class,label,score,x,y,width,height,landmarks}]}
std::string to_json(const TaskResult& result);

/// (float(q) - zero point) * scale as float32; an array without quantization is only converted.
Result<Tensor> dequantize(const Tensor& tensor);
/// One label a line; CR and trailing blank lines are dropped.
Result<std::vector<std::string>> read_labels(const std::string& path);

/// A copy of the picture (RGB) with the boxes, or the labels as a panel, painted on it.
Result<Picture> draw_result(const Picture& picture, const TaskResult& result);

}  // namespace quern
