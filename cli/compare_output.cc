#include "compare_output.h"

#include <cmath>

namespace quern::cli {

namespace {

std::string db(double value) {
  return value >= Distance::kMaxDb ? "equal" : fmt::format("{:.2f}", value);
}

std::string optional_db(const std::optional<Distance>& distance) {
  return distance ? db(distance->sqnr_db) : "-";
}

std::string percent(double value) {
  return value == 0 ? "-" : fmt::format("{:.2g}", value);
}

std::string cause_text(const LayerComparison& layer) {
  return layer.cause ? fmt::format("{}, fix {:+.1f} dB", layer.cause->name, layer.cause->gain_db()) : "";
}

std::string outputs_text(const Comparison& comparison) {
  std::vector<std::vector<std::string>> rows;
  for (const OutputComparison& output : comparison.outputs) {
    const Distance& d = output.distance;
    rows.push_back({output.name, fmt::format("{:.6f}", d.cosine), db(d.sqnr_db),
                    fmt::format("{:.2f}", 100 * d.relative_l2), fmt::format("{:.4g}", d.max_abs),
                    fmt::format("{:.4g}", d.mean_abs)});
  }
  return table({"output", "cosine", "SQNR dB", "2-norm %", "max", "mean"}, rows);
}

std::string layers_text(const Comparison& comparison, size_t wanted) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i : comparison.ranking) {
    if (wanted > 0 && rows.size() >= wanted) break;
    const LayerComparison& layer = comparison.layers[i];
    rows.push_back({short_name(layer.name), layer.kind, optional_db(layer.isolated), db(layer.accumulated.sqnr_db),
                    fmt::format("{:.1f}", layer.lost_db), percent(layer.clipped_pct),
                    fmt::format("{:.0f}", layer.used_pct),
                    layer.share_pct ? fmt::format("{:.0f}", *layer.share_pct) : "-", cause_text(layer)});
  }
  return table({"layer", "kind", "isolated", "accumulated", "lost dB", "clipped %", "used %", "of error %", "cause"},
               rows);
}

/// What was found for the worst layers, in sentences.
std::string causes_text(const Comparison& comparison, size_t wanted) {
  std::string text;
  size_t shown = 0;
  for (size_t i : comparison.ranking) {
    const LayerComparison& layer = comparison.layers[i];
    if (!layer.cause || (wanted > 0 && shown == wanted)) continue;
    ++shown;
    text += fmt::format("{}: {}. Tried: {}; isolated {:.1f} -> {:.1f} dB.\n", short_name(layer.name),
                        layer.cause->sentence, layer.cause->fix, layer.cause->before_db, layer.cause->after_db);
  }
  return text;
}

/// Infinite numbers have no JSON; they read as null.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json to_json(const Distance& d) {
  return {{"cosine", d.cosine},   {"sqnr_db", d.sqnr_db},   {"relative_l2", number(d.relative_l2)},
          {"max_abs", d.max_abs}, {"mean_abs", d.mean_abs}, {"not_finite", d.not_finite}};
}

Json to_json(const Cause& cause) {
  return {{"name", cause.name},           {"sentence", cause.sentence}, {"fix", cause.fix},
          {"before_db", cause.before_db}, {"after_db", cause.after_db}, {"gain_db", cause.gain_db()}};
}

Json to_json(const LayerComparison& layer, size_t rank, size_t order) {
  return {{"name", layer.name},
          {"kind", layer.kind},
          {"operator", layer.op},
          {"dtype", layer.dtype},
          {"rank", rank},
          {"order", order},
          {"isolated", layer.isolated ? to_json(*layer.isolated) : Json()},
          {"accumulated", to_json(layer.accumulated)},
          {"ideal_db", layer.ideal_db},
          {"lost_db", layer.lost_db},
          {"tied", layer.tied},
          {"equalized", layer.equalized},
          {"clipped_pct", layer.clipped_pct},
          {"used_pct", layer.used_pct},
          {"share_pct", layer.share_pct ? Json(*layer.share_pct) : Json()},
          {"cause", layer.cause ? to_json(*layer.cause) : Json()}};
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string pulsar_line(const std::string& name, const Distance& d) {
  return fmt::format("Layer: {}  2-norm RE: {:.2f}%  cosine-sim: {:.4f}\n", name, 100 * d.relative_l2, d.cosine);
}

}  // namespace

std::string comparison_text(const Comparison& comparison, size_t rows) {
  std::string text = outputs_text(comparison);
  if (!comparison.layers.empty()) {
    const size_t all = comparison.layers.size();
    text +=
        fmt::format("\n{} of {} layers, the one that loses most first\n", rows == 0 ? all : std::min(rows, all), all);
    text += layers_text(comparison, rows);
    if (const std::string causes = causes_text(comparison, rows); !causes.empty()) text += "\n" + causes;
  }
  return text + "\n" + comparison.verdict + "\n";
}

std::string pulsar_text(const Comparison& comparison, bool layers) {
  std::string text;
  if (layers) {
    for (const LayerComparison& layer : comparison.layers) text += pulsar_line(layer.name, layer.accumulated);
  } else {
    for (const OutputComparison& output : comparison.outputs) text += pulsar_line(output.name, output.distance);
  }
  return text;
}

std::string comparison_csv(const Comparison& comparison) {
  std::string text =
      "order,rank,name,kind,isolated_cosine,isolated_sqnr_db,isolated_relative_l2,accumulated_cosine,"
      "accumulated_sqnr_db,accumulated_relative_l2,lost_db,clipped_pct,used_pct,share_pct,cause,gain_db\n";
  std::vector<size_t> rank(comparison.layers.size());
  for (size_t i = 0; i < comparison.ranking.size(); ++i) rank[comparison.ranking[i]] = i + 1;
  for (size_t i = 0; i < comparison.layers.size(); ++i) {
    const LayerComparison& l = comparison.layers[i];
    const std::string isolated = l.isolated ? fmt::format("{:.8f},{:.4f},{:.8g}", l.isolated->cosine,
                                                          l.isolated->sqnr_db, l.isolated->relative_l2)
                                            : ",,";
    text += fmt::format("{},{},{},{},{},{:.8f},{:.4f},{:.8g},{:.4f},{:.6g},{:.6g},{},{},{}\n", i + 1, rank[i],
                        quoted(l.name), l.kind, isolated, l.accumulated.cosine, l.accumulated.sqnr_db,
                        l.accumulated.relative_l2, l.lost_db, l.clipped_pct, l.used_pct,
                        l.share_pct ? fmt::format("{:.4g}", *l.share_pct) : "", l.cause ? l.cause->name : "",
                        l.cause ? fmt::format("{:.4f}", l.cause->gain_db()) : "");
  }
  return text;
}

Json to_json(const Comparison& comparison) {
  Json outputs = Json::array();
  for (const OutputComparison& output : comparison.outputs) {
    Json row = {{"name", output.name}};
    row.update(to_json(output.distance));
    outputs.push_back(row);
  }
  Json layers = Json::array();
  for (size_t i = 0; i < comparison.ranking.size(); ++i) {
    const size_t layer = comparison.ranking[i];
    layers.push_back(to_json(comparison.layers[layer], i + 1, layer + 1));
  }
  Json offender;
  if (comparison.first_offender) offender = comparison.layers[*comparison.first_offender].name;
  return {{"samples", comparison.samples},
          {"outputs", outputs},
          {"layers", layers},
          {"first_offender", offender},
          {"unmatched", comparison.unmatched},
          {"notes", comparison.notes},
          {"verdict", comparison.verdict}};
}

Json to_json(const TaskDifference& task, const std::string& name) {
  const auto mean = [](double sum, int64_t count) {
    return count > 0 ? Json(sum / static_cast<double>(count)) : Json();
  };
  return {{"name", name},
          {"pictures", task.pictures},
          {"top1_flips", task.top1_flips},
          {"topk_overlap", mean(task.topk_overlap_sum, task.labelled)},
          {"reference_boxes", task.reference_boxes},
          {"candidate_boxes", task.candidate_boxes},
          {"matched", task.matched},
          {"missed", task.missed()},
          {"extra", task.extra()},
          {"mean_iou", mean(task.iou_sum, task.matched)},
          {"mean_score_difference", mean(task.score_difference_sum, task.matched)}};
}

std::string task_text(const TaskDifference& task, const std::string& name) {
  std::string text = fmt::format("\ntask {} on {} picture{}: ", name, task.pictures, task.pictures == 1 ? "" : "s");
  if (task.labelled > 0) {
    text += fmt::format("the first label differs in {} of {}, {:.1f} % of the first labels are shared", task.top1_flips,
                        task.labelled, 100 * task.topk_overlap_sum / static_cast<double>(task.labelled));
  } else if (task.reference_boxes + task.candidate_boxes == 0) {
    text += "no boxes on either side";
  } else {
    text += fmt::format("{} of {} boxes found again, {} missed, {} extra", task.matched, task.reference_boxes,
                        task.missed(), task.extra());
    if (task.matched > 0) {
      const auto count = static_cast<double>(task.matched);
      text += fmt::format("; mean IoU {:.3f}, mean score difference {:.3f}", task.iou_sum / count,
                          task.score_difference_sum / count);
    }
  }
  return text + "\n";
}

}  // namespace quern::cli
