#include "report/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "report/html.h"

namespace quern {

namespace {

/// SQNR above this is drawn at the top: nobody acts on it.
constexpr double kTopDb = 70;

struct Frame {
  double width = 1060;
  double height = 300;
  double left = 44;
  double right = 12;
  double top = 14;
  double bottom = 26;
  double low = 0;
  double high = 60;
  size_t count = 1;

  double x(size_t i) const {
    return count < 2 ? (left + width - right) / 2
                     : left + (width - left - right) * static_cast<double>(i) / static_cast<double>(count - 1);
  }
  double y(double value) const {
    return top + (height - top - bottom) * (high - std::clamp(value, low, high)) / (high - low);
  }
};

Frame frame_for(const Comparison& comparison) {
  Frame frame;
  frame.count = comparison.layers.size();
  double least = kTopDb, greatest = 0;
  for (const LayerComparison& layer : comparison.layers) {
    const double isolated = layer.isolated ? layer.isolated->sqnr_db : kTopDb;
    least = std::min({least, isolated, layer.accumulated.sqnr_db});
    greatest = std::max({greatest, std::min(isolated, kTopDb), std::min(layer.accumulated.sqnr_db, kTopDb)});
  }
  frame.low = std::max(-20.0, 10 * std::floor(least / 10));
  frame.high = std::max(frame.low + 10, 10 * std::ceil(greatest / 10));
  return frame;
}

std::string grid(const Frame& frame) {
  std::string svg;
  for (double db = frame.low; db <= frame.high; db += 10) {
    svg += fmt::format(
        R"svg(<line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" stroke="var(--line)"/><text x="{:.1f}" y="{:.1f}" text-anchor="end">{:.0f}</text>)svg",
        frame.left, frame.width - frame.right, frame.y(db), frame.y(db), frame.left - 8, frame.y(db) + 4, db);
  }
  svg += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}">first layer</text>)svg", frame.left, frame.height - 6);
  svg += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="end">last layer</text>)svg",
                     frame.width - frame.right, frame.height - 6);
  return svg;
}

template <typename Value>
std::string line(const Comparison& comparison, const Frame& frame, const char* colour, const Value& value) {
  std::string points;
  std::string dots;
  const double radius = comparison.layers.size() > 120 ? 1.8 : 2.8;
  for (size_t i = 0; i < comparison.layers.size(); ++i) {
    const std::optional<double> db = value(comparison.layers[i]);
    if (!db) continue;
    const std::string at = fmt::format("{:.1f},{:.1f}", frame.x(i), frame.y(*db));
    points += (points.empty() ? "" : " ") + at;
    dots += fmt::format(R"svg(<circle cx="{:.1f}" cy="{:.1f}" r="{}" fill="{}"/>)svg", frame.x(i), frame.y(*db), radius,
                        colour);
  }
  return fmt::format(
             R"svg(<polyline points="{}" fill="none" stroke="{}" stroke-width="1.6" stroke-linejoin="round"/>)svg",
             points, colour) +
         dots;
}

/// Invisible columns that say, when pointed at, what stands there.
std::string columns(const Comparison& comparison, const Frame& frame) {
  std::string svg;
  const double step =
      (frame.width - frame.left - frame.right) / static_cast<double>(std::max<size_t>(1, frame.count - 1));
  for (size_t i = 0; i < comparison.layers.size(); ++i) {
    const LayerComparison& layer = comparison.layers[i];
    svg += fmt::format(
        R"svg(<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill="transparent"><title>{} ({})&#10;isolated {} dB, accumulated {} dB, lost {:.1f} dB</title></rect>)svg",
        frame.x(i) - step / 2, frame.top, step, frame.height - frame.top - frame.bottom,
        html::escaped(short_name(layer.name)), layer.kind, layer.isolated ? html::db(layer.isolated->sqnr_db) : "-",
        html::db(layer.accumulated.sqnr_db), layer.lost_db);
  }
  return svg;
}

std::string offender_mark(const Comparison& comparison, const Frame& frame) {
  if (!comparison.first_offender) return "";
  const size_t i = *comparison.first_offender;
  const bool at_right = frame.x(i) > frame.width * 0.7;
  return fmt::format(
      R"svg(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" stroke="var(--ink)" stroke-dasharray="3 3"/><text class="ink" x="{3:.1f}" y="{4}" text-anchor="{5}">{6}</text>)svg",
      frame.x(i), frame.top, frame.height - frame.bottom, frame.x(i) + (at_right ? -6 : 6), frame.top + 10,
      at_right ? "end" : "start",
      html::escaped("first offender: " + html::tail(short_name(comparison.layers[i].name), 40)));
}

}  // namespace

int lost_class(double lost_db) {
  constexpr double kBounds[] = {1, 3, 6, 12, 20};
  return static_cast<int>(std::upper_bound(std::begin(kBounds), std::end(kBounds), lost_db) - std::begin(kBounds));
}

std::string error_plot(const Comparison& comparison) {
  const Frame frame = frame_for(comparison);
  std::string svg = fmt::format(
      R"svg(<svg class="wide" viewBox="0 0 {} {}" role="img" aria-label="SQNR of every layer, isolated and accumulated">)svg",
      frame.width, frame.height);
  svg += grid(frame) + offender_mark(comparison, frame);
  svg += line(comparison, frame, "var(--iso)", [](const LayerComparison& layer) {
    return layer.isolated && !layer.tied ? std::optional<double>(std::min(layer.isolated->sqnr_db, kTopDb))
                                         : std::nullopt;
  });
  svg += line(comparison, frame, "var(--acc)", [](const LayerComparison& layer) {
    return std::optional<double>(std::min(layer.accumulated.sqnr_db, kTopDb));
  });
  return svg + columns(comparison, frame) + "</svg>";
}

std::string spread_plot(const Spread& spread) {
  // About as wide as a column of the page, so that its text is as large as it says.
  constexpr double kWidth = 330, kHeight = 118, kBase = 94, kPad = 4;
  const size_t bins = spread.reference.size();
  double greatest = 1;
  for (size_t i = 0; i < bins; ++i) greatest = std::max({greatest, spread.reference[i], spread.candidate[i]});
  const double step = (kWidth - 2 * kPad) / static_cast<double>(bins);
  // Counts span decades; a logarithm shows tails, which is where clipping happens.
  const auto height = [&](double count) { return (kBase - kPad) * std::log1p(count) / std::log1p(greatest); };
  const auto x_of = [&](double value) {
    return kPad + (kWidth - 2 * kPad) * std::clamp((value - spread.low) / (spread.high - spread.low), 0.0, 1.0);
  };
  std::string svg = fmt::format(R"svg(<svg viewBox="0 0 {} {}" role="img" aria-label="histogram, float and int8">)svg",
                                kWidth, kHeight);
  const double from = x_of(spread.stored_low), to = x_of(spread.stored_high);
  for (const auto& [a, b] : {std::pair{kPad, from}, std::pair{to, kWidth - kPad}}) {
    if (b - a > 0.5) {
      svg += fmt::format(
          R"svg(<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill="var(--l2)" opacity=".45"><title>cannot be stored</title></rect>)svg",
          a, kPad, b - a, kBase - kPad);
    }
  }
  std::string outline = fmt::format("M{:.1f} {}", kPad, kBase);
  for (size_t i = 0; i < bins; ++i) {
    const double x = kPad + step * static_cast<double>(i);
    const double h = height(spread.reference[i]);
    if (h > 0) {
      svg += fmt::format(
          R"svg(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="var(--iso)" opacity=".5"/>)svg", x,
          kBase - h, step - 0.6, h);
    }
    const double y = kBase - height(spread.candidate[i]);
    outline += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}", x, y, x + step, y);
  }
  outline += fmt::format("L{:.1f} {}", kWidth - kPad, kBase);
  svg += fmt::format(R"svg(<path d="{}" fill="none" stroke="var(--acc)" stroke-width="1.3"/>)svg", outline);
  svg += fmt::format(R"svg(<line x1="{0}" x2="{1}" y1="{2}" y2="{2}" stroke="var(--faint)"/>)svg", kPad, kWidth - kPad,
                     kBase);
  svg += fmt::format(
      R"svg(<text x="{}" y="{}">{:.4g}</text><text x="{}" y="{}" text-anchor="end">{:.4g}</text><text x="{}" y="{}" text-anchor="middle">stored: {:.4g} to {:.4g}</text></svg>)svg",
      kPad, kHeight - 6, spread.low, kWidth - kPad, kHeight - 6, spread.high, kWidth / 2, kHeight - 6,
      spread.stored_low, spread.stored_high);
  return svg;
}

}  // namespace quern
