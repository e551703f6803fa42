// The overlay: boxes with their names, landmarks, or the best labels as a panel. Sizes follow the picture's.
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "tasks/picture.h"

namespace quern {

namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFontUnit = 22;  // height in pixels of a capital letter at scale 1
const cv::Scalar kWhite(255, 255, 255);
const cv::Scalar kBlack(0, 0, 0);

/// Colours that tell classes apart on photographs, by class modulo their number.
cv::Scalar class_color(int class_index) {
  static const cv::Scalar kPalette[] = {{46, 204, 113},  {255, 179, 0},   {41, 182, 246}, {239, 83, 80},
                                        {171, 71, 188},  {255, 238, 88},  {0, 191, 165},  {255, 112, 67},
                                        {121, 134, 203}, {156, 204, 101}, {236, 64, 122}, {161, 136, 127}};
  return kPalette[static_cast<size_t>(std::abs(class_index)) % std::size(kPalette)];
}

/// Black on light colours, white on dark ones.
cv::Scalar ink_on(const cv::Scalar& color) {
  return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140 ? kBlack : kWhite;
}

/// The fonts have only ASCII: every other character becomes one '?'.
std::string printable(const std::string& text) {
  std::string ascii;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) ascii += c;
    if (byte >= 0xc0) ascii += '?';
  }
  return ascii;
}

struct Style {
  int line;         ///< thickness of boxes
  int text_height;  ///< of a capital letter
  int pad;          ///< around text
  double font_scale;
  int font_thickness;
};

Style style_for(const cv::Mat& canvas) {
  const int side = std::min(canvas.cols, canvas.rows);
  Style style{};
  style.line = std::clamp(static_cast<int>(std::lround(side / 200.0)), 1, 12);
  style.text_height = std::clamp(static_cast<int>(std::lround(side / 38.0)), 9, 64);
  style.pad = std::max(2, style.text_height / 3);
  style.font_scale = style.text_height / kFontUnit;
  style.font_thickness = std::max(1, static_cast<int>(std::lround(style.text_height / 11.0)));
  return style;
}

int text_width(const std::string& text, const Style& style) {
  int below = 0;
  return cv::getTextSize(text, kFont, style.font_scale, style.font_thickness, &below).width;
}

/// The text cut to a width, with dots for what is left out.
std::string fitted(std::string text, int width, const Style& style) {
  if (text_width(text, style) <= width) return text;
  while (!text.empty() && text_width(text + "..", style) > width) text.pop_back();
  return text + "..";
}

void put_text(cv::Mat& canvas, const std::string& text, cv::Point baseline, const Style& style, const cv::Scalar& ink) {
  cv::putText(canvas, text, baseline, kFont, style.font_scale, ink, style.font_thickness, cv::LINE_AA);
}

// ---- boxes ----

bool is_finite(const Detection& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) && std::isfinite(box.height);
}

int on_canvas(double value, int extent) {
  return static_cast<int>(std::lround(std::clamp(value, 0.0, extent - 1.0)));
}

cv::Rect frame_of(const Detection& box, const cv::Mat& canvas) {
  const cv::Point first(on_canvas(box.x, canvas.cols), on_canvas(box.y, canvas.rows));
  const cv::Point last(on_canvas(double{box.x} + box.width, canvas.cols),
                       on_canvas(double{box.y} + box.height, canvas.rows));
  return {first.x, first.y, std::max(last.x - first.x, 0) + 1, std::max(last.y - first.y, 0) + 1};
}

void draw_landmarks(cv::Mat& canvas, const Detection& box, const Style& style) {
  for (const Point& p : box.landmarks) {
    if (!std::isfinite(p.x) || !std::isfinite(p.y) || p.x < 0 || p.y < 0 || p.x >= static_cast<float>(canvas.cols) ||
        p.y >= static_cast<float>(canvas.rows)) {
      continue;
    }
    const cv::Point center(on_canvas(p.x, canvas.cols), on_canvas(p.y, canvas.rows));
    const int radius = std::clamp(static_cast<int>(box.width / 40), 1, 2 * style.line);
    if (radius > 1) cv::circle(canvas, center, radius + 1, kBlack, cv::FILLED, cv::LINE_AA);
    cv::circle(canvas, center, radius, kWhite, cv::FILLED, cv::LINE_AA);
  }
}

/// Where a name of this size goes: above its box, under it, or inside a box large enough, by its left or right edge;
/// the first spot inside the canvas and off other names, else the first inside the canvas.
cv::Rect place(cv::Size size, const cv::Rect& frame, const cv::Mat& canvas, const std::vector<cv::Rect>& taken) {
  const int most_x = std::max(canvas.cols - size.width, 0);
  const int most_y = std::max(canvas.rows - size.height, 0);
  std::vector<int> tops = {frame.y - size.height, frame.y + frame.height};
  if (frame.height > 3 * size.height || tops[0] < 0) tops.push_back(frame.y);
  std::optional<cv::Rect> fallback;
  for (int top : tops) {
    for (int left : {frame.x, frame.x + frame.width - size.width}) {
      const cv::Rect spot(std::clamp(left, 0, most_x), top, size.width, size.height);
      if (top < 0 || top > most_y) continue;
      if (!fallback) fallback = spot;
      const bool free =
          std::none_of(taken.begin(), taken.end(), [&](const cv::Rect& other) { return (other & spot).area() > 0; });
      if (free) return spot;
    }
  }
  return fallback.value_or(
      cv::Rect(std::clamp(frame.x, 0, most_x), std::clamp(frame.y, 0, most_y), size.width, size.height));
}

std::string caption(const Detection& box) {
  const std::string name = box.label.empty() ? fmt::format("#{}", box.class_index) : printable(box.label);
  return fmt::format("{} {:.2f}", name, box.score);
}

/// Best last, so that it lies on top; names above all boxes, the best one choosing its place first.
void draw_boxes(cv::Mat& canvas, const std::vector<Detection>& boxes, const Style& style) {
  for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {
    if (!is_finite(*box)) continue;
    cv::rectangle(canvas, frame_of(*box, canvas), class_color(box->class_index), style.line);
    draw_landmarks(canvas, *box, style);
  }
  std::vector<cv::Rect> taken;
  for (const Detection& box : boxes) {
    if (!is_finite(box)) continue;
    const std::string text = fitted(caption(box), canvas.cols - 2 * style.pad, style);
    const cv::Size size(text_width(text, style) + 2 * style.pad, style.text_height + 2 * style.pad);
    const cv::Rect spot = place(size, frame_of(box, canvas), canvas, taken);
    taken.push_back(spot);
    const cv::Scalar color = class_color(box.class_index);
    cv::rectangle(canvas, spot, color, cv::FILLED);
    put_text(canvas, text, {spot.x + style.pad, spot.y + style.pad + style.text_height}, style, ink_on(color));
  }
}

// ---- labels ----

void darken(cv::Mat& canvas, const cv::Rect& area, double keep) {
  cv::Mat part = canvas(area & cv::Rect(0, 0, canvas.cols, canvas.rows));
  part.convertTo(part, -1, keep);
}

/// One row: the name and the score on a bar as long as the score is of the best one's.
void draw_label(cv::Mat& canvas, const Label& label, float best, const cv::Rect& row, const Style& style) {
  const bool has_bar = best > 0 && label.score > 0 && std::isfinite(label.score);
  const double part = has_bar ? std::min(static_cast<double>(label.score / best), 1.0) : 0;
  const cv::Rect bar(row.x, row.y + 1, static_cast<int>(std::lround(part * row.width)), row.height - 2);
  if (bar.width > 0) cv::rectangle(canvas, bar, class_color(0) * 0.55, cv::FILLED);
  const int baseline = row.y + style.pad + style.text_height;
  const std::string score = fmt::format("{:.3f}", label.score);
  const int score_width = text_width(score, style);
  const std::string name = label.label.empty() ? fmt::format("#{}", label.index) : printable(label.label);
  put_text(canvas, fitted(name, row.width - score_width - 4 * style.pad, style), {row.x + style.pad, baseline}, style,
           kWhite);
  put_text(canvas, score, {row.x + row.width - score_width - style.pad, baseline}, style, kWhite);
}

void draw_labels(cv::Mat& canvas, const std::vector<Label>& labels, const Style& style) {
  const int row_height = style.text_height + 2 * style.pad;
  const auto fits = static_cast<size_t>(std::max((canvas.rows - 2 * style.pad) / row_height, 1));
  const size_t count = std::min(labels.size(), fits);
  const int width = std::min(24 * style.text_height, canvas.cols);
  darken(canvas, {0, 0, width, static_cast<int>(count) * row_height + 2 * style.pad}, 0.3);
  for (size_t i = 0; i < count; ++i) {
    const int top = style.pad + static_cast<int>(i) * row_height;
    const cv::Rect row(style.pad, top, std::max(width - 2 * style.pad, 1), row_height);
    draw_label(canvas, labels[i], labels[0].score, row, style);
  }
}

/// The picture in three channels.
Picture as_rgb(const Picture& picture) {
  Picture rgb{picture.width, picture.height, 3, {}};
  const auto channels = static_cast<size_t>(picture.channels);
  rgb.pixels.reserve(picture.pixels.size() / channels * 3);
  for (size_t at = 0; at < picture.pixels.size(); at += channels) {
    for (size_t c = 0; c < 3; ++c) rgb.pixels.push_back(picture.pixels[at + (channels == 1 ? 0 : c)]);
  }
  return rgb;
}

}  // namespace

Result<Picture> draw_result(const Picture& picture, const TaskResult& result) {
  QUERN_CHECK(check_picture(picture));
  Picture painted = as_rgb(picture);
  cv::Mat canvas(painted.height, painted.width, CV_8UC3, painted.pixels.data());
  const Style style = style_for(canvas);
  try {
    draw_boxes(canvas, result.boxes, style);
    if (!result.labels.empty()) draw_labels(canvas, result.labels, style);
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, "painting on a {}x{} picture failed: {}", picture.width, picture.height,
                error.what());
  }
  return painted;
}

}  // namespace quern
