// Layers in rows by their distance from the input, boxes side by side, edges as curves.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html.h"
#include "report/plots.h"

namespace quern {

namespace {

constexpr double kBoxWidth = 176, kBoxHeight = 34, kGapX = 16, kGapY = 20, kPad = 12;

struct Place {
  size_t row = 0;
  double column = 0;
};

double x_of(const Place& place) {
  return kPad + place.column * (kBoxWidth + kGapX);
}
double y_of(const Place& place) {
  return kPad + static_cast<double>(place.row) * (kBoxHeight + kGapY);
}

/// A row below everything it reads; within a row in the network's order, as near as can be to what it reads.
std::vector<Place> places(const std::vector<LayerComparison>& layers) {
  std::vector<Place> all(layers.size());
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < layers.size(); ++i) {
    double wish = 0;
    for (size_t from : layers[i].reads) {
      all[i].row = std::max(all[i].row, all[from].row + 1);
      wish += all[from].column / static_cast<double>(layers[i].reads.size());
    }
    rows.resize(std::max(rows.size(), all[i].row + 1));
    double column = wish;
    const auto taken = [&](double c) {
      return std::ranges::any_of(rows[all[i].row], [&](size_t other) { return std::abs(all[other].column - c) < 1; });
    };
    while (taken(column)) column = std::floor(column) + 1;
    all[i].column = column;
    rows[all[i].row].push_back(i);
  }
  return all;
}

std::string box(const LayerComparison& layer, const Place& place, bool offender) {
  const int level = lost_class(layer.lost_db);
  const double x = x_of(place), y = y_of(place);
  const std::string ink = level >= 5 ? "var(--on-strongest)" : level == 4 ? "var(--on-strong)" : "var(--ink)";
  std::string isolated = layer.isolated ? html::db(layer.isolated->sqnr_db) : "-";
  if (isolated != "equal" && isolated != "-") isolated += " dB";
  return fmt::format(
      R"svg(<g><title>{} ({}): isolated {}, accumulated {} dB, lost {:.1f} dB</title><rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="5" fill="var(--l{})" stroke="{}" stroke-width="{}"/><text x="{:.1f}" y="{:.1f}" style="fill:{};font-weight:600">{}</text><text x="{:.1f}" y="{:.1f}" style="fill:{}">{} · {}</text></g>)svg",
      html::escaped(short_name(layer.name)), layer.kind, isolated, html::db(layer.accumulated.sqnr_db), layer.lost_db,
      x, y, kBoxWidth, kBoxHeight, level, offender ? "var(--ink)" : "var(--line)", offender ? 2 : 1, x + 8, y + 14, ink,
      html::escaped(html::tail(short_name(layer.name), 24)), x + 8, y + 27, ink, layer.kind, isolated);
}

std::string edge(const Place& from, const Place& to) {
  const double x1 = x_of(from) + kBoxWidth / 2, y1 = y_of(from) + kBoxHeight;
  const double x2 = x_of(to) + kBoxWidth / 2, y2 = y_of(to);
  const double middle = (y1 + y2) / 2;
  return fmt::format(R"svg(<path d="M{0:.1f} {1:.1f}C{0:.1f} {2:.1f} {3:.1f} {2:.1f} {3:.1f} {4:.1f}"/>)svg", x1, y1,
                     middle, x2, y2);
}

}  // namespace

std::string graph_drawing(const Comparison& comparison) {
  const std::vector<Place> all = places(comparison.layers);
  double width = 0, height = 0;
  for (const Place& place : all) {
    width = std::max(width, x_of(place) + kBoxWidth + kPad);
    height = std::max(height, y_of(place) + kBoxHeight + kPad);
  }
  std::string svg = fmt::format(
      R"svg(<svg viewBox="0 0 {0:.0f} {1:.0f}" style="width:{0:.0f}px;max-width:none" role="img" aria-label="the network, coloured by error"><g fill="none" stroke="var(--faint)">)svg",
      width, height);
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t from : comparison.layers[i].reads) svg += edge(all[from], all[i]);
  }
  svg += "</g>";
  for (size_t i = 0; i < all.size(); ++i) svg += box(comparison.layers[i], all[i], comparison.first_offender == i);
  return svg + "</svg>";
}

}  // namespace quern
