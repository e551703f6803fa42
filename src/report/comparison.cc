// The page that `quern compare --report` and `quern quantize --report` write.
#include <algorithm>

#include "base/error.h"
#include "report/html.h"
#include "report/plots.h"
#include "report/quantization.h"

namespace quern {

namespace {

constexpr size_t kLimit = 5'000'000;
constexpr int kPictureWidth = 640;

std::string tile(const std::string& number, const std::string& unit, const std::string& text) {
  return fmt::format("<div class=tile><div class=n>{} <span class=u>{}</span></div><div class=t>{}</div></div>",
                     html::escaped(number), unit, text);
}

/// A name instead of a number; of a long one its end.
std::string word_tile(const std::string& word, const std::string& text) {
  return fmt::format("<div class=tile><div class=\"n word\" title=\"{}\">{}</div><div class=t>{}</div></div>",
                     html::escaped(word), html::escaped(html::tail(word, 44)), text);
}

std::string tiles(const Comparison& found) {
  std::string body;
  const auto worst = std::ranges::min_element(found.outputs, {}, [](const auto& o) { return o.distance.sqnr_db; });
  if (worst != found.outputs.end()) {
    const std::string of = found.outputs.size() > 1 ? "worst output" : "output";
    body += tile(html::db(worst->distance.sqnr_db), "dB", "SQNR of the " + of);
    body += tile(fmt::format("{:.4f}", worst->distance.cosine), "", "cosine of the " + of);
  }
  const auto lossy = std::ranges::count_if(found.layers, [](const auto& layer) { return layer.lost_db >= 3; });
  body += tile(std::to_string(lossy), fmt::format("of {}", found.layers.size()), "layers lose 3 dB or more");
  body += found.first_offender ? word_tile(short_name(found.layers[*found.first_offender].name), "first offender")
                               : tile("none", "", "first offender");
  body += tile(std::to_string(found.samples), "", found.samples == 1 ? "sample" : "samples");
  return "<div class=tiles>" + body + "</div>\n";
}

std::string outputs_table(const Comparison& found) {
  std::string rows;
  for (const OutputComparison& output : found.outputs) {
    const Distance& d = output.distance;
    rows += fmt::format(
        "<tr><td class=name title=\"{0}\">{0}</td><td>{1}</td><td>{2:.6f}</td><td>{3:.2f} "
        "%</td><td>{4:.4g}</td><td>{5:.4g}</td></tr>",
        html::escaped(output.name), html::db(d.sqnr_db), d.cosine, 100 * d.relative_l2, d.max_abs, d.mean_abs);
  }
  return "<div class=scroll><table><tr><th class=w>output</th><th>SQNR dB</th><th>cosine</th><th>relative L2</th>"
         "<th>greatest difference</th><th>mean difference</th></tr>" +
         rows + "</table></div>";
}

std::string why(const LayerComparison& layer) {
  if (!layer.cause) return "";
  return fmt::format("<b>{}</b> <span class=gain>{:+.1f} dB</span>", layer.cause->name, layer.cause->gain_db());
}

std::string layer_row(const LayerComparison& layer, size_t rank) {
  const double width = std::min(layer.lost_db, 30.0) * 2.6;
  const std::string bar = layer.lost_db < 0.05
                              ? ""
                              : fmt::format("<span class=bar style=\"width:{:.0f}px;background:var(--l{})\"></span>",
                                            std::max(2.0, width), std::max(2, lost_class(layer.lost_db)));
  return fmt::format(
      "<tr><td>{}</td><td class=name title=\"{}\">{}</td><td class=w>{}</td><td class=w>{}{}</td><td>{}</td><td>{}</td>"
      "<td>{}</td><td>{}</td><td>{}</td><td class=why>{}</td></tr>",
      rank, html::escaped(layer.name), html::escaped(short_name(layer.name)), layer.kind, bar,
      layer.tied ? "–" : fmt::format("{:.1f}", layer.lost_db), layer.isolated ? html::db(layer.isolated->sqnr_db) : "–",
      html::db(layer.accumulated.sqnr_db), layer.clipped_pct > 0 ? fmt::format("{:.2g} %", layer.clipped_pct) : "–",
      fmt::format("{:.0f} %", layer.used_pct), layer.share_pct ? fmt::format("{:.0f} %", *layer.share_pct) : "–",
      why(layer));
}

std::string layers_table(const Comparison& found) {
  std::string rows;
  for (size_t i = 0; i < found.ranking.size(); ++i) rows += layer_row(found.layers[found.ranking[i]], i + 1);
  return "<div class=scroll><table><tr><th>#</th><th class=w>layer</th><th class=w>kind</th><th class=w>lost dB</th>"
         "<th>isolated</th><th>accumulated</th><th>clipped</th><th>codes used</th><th>of error</th>"
         "<th class=w>cause, gain of the fix</th></tr>" +
         rows + "</table></div>";
}

/// The worst layers one by one: numbers, histogram, cause.
std::string closer_looks(const Comparison& found) {
  constexpr size_t kShown = 8;
  std::string body;
  size_t shown = 0;
  for (size_t i : found.ranking) {
    const LayerComparison& layer = found.layers[i];
    if (shown == kShown || layer.lost_db <= 0) break;
    if (!layer.spread) continue;
    ++shown;
    body += fmt::format("<div class=layer><h3>{}</h3><p class=fig>{} · {} · isolated {} dB · lost {:.1f} dB</p>{}",
                        html::escaped(short_name(layer.name)), layer.kind, layer.dtype,
                        layer.isolated ? html::db(layer.isolated->sqnr_db) : "–", layer.lost_db,
                        spread_plot(*layer.spread));
    if (layer.cause) {
      body += fmt::format(
          "<p class=say><b>{}</b>: {}. Tried: {}; {:.1f} → {:.1f} dB, <span class=gain>{:+.1f} dB</span>.</p>",
          layer.cause->name, html::escaped(layer.cause->sentence), html::escaped(layer.cause->fix),
          layer.cause->before_db, layer.cause->after_db, layer.cause->gain_db());
    }
    body += "</div>";
  }
  return body.empty() ? "" : "<div class=pairs>" + body + "</div>";
}

std::string key(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string body;
  for (const auto& [colour, text] : entries)
    body += fmt::format("<span><i style=\"background:{}\"></i>{}</span>", colour, text);
  return "<div class=key>" + body + "</div>";
}

std::string lost_key() {
  return key({{"var(--l0)", "loses less than 1 dB"},
              {"var(--l1)", "1 to 3"},
              {"var(--l2)", "3 to 6"},
              {"var(--l3)", "6 to 12"},
              {"var(--l4)", "12 to 20"},
              {"var(--l5)", "more"}});
}

std::string task_sentence(const TaskDifference& task) {
  if (task.labelled > 0) {
    return fmt::format("The first label differs in {} of {} pictures.", task.top1_flips, task.labelled);
  }
  std::string text = fmt::format("Of the reference's {} boxes the candidate finds {} again, misses {} and adds {}.",
                                 task.reference_boxes, task.matched, task.missed(), task.extra());
  if (task.matched > 0) {
    text +=
        fmt::format(" Mean IoU {:.3f}, mean score difference {:.3f}.", task.iou_sum / static_cast<double>(task.matched),
                    task.score_difference_sum / static_cast<double>(task.matched));
  }
  return text;
}

Result<std::string> figure(const Picture& picture, const std::string& caption) {
  Picture small = picture;
  if (picture.width > kPictureWidth) {
    const int height = std::max(1, picture.height * kPictureWidth / picture.width);
    QUERN_TRY(small, resize_picture(picture, kPictureWidth, height, Filter::box));
  }
  QUERN_TRY(const std::vector<std::byte> jpeg, encode_picture(small, ".jpg"));
  return fmt::format("<figure><img alt=\"{0}\" src=\"{1}\"><figcaption>{0}</figcaption></figure>",
                     html::escaped(caption), html::data_uri("image/jpeg", jpeg));
}

/// Pictures side by side, as many as fit beside `used` bytes.
Result<std::string> pictures(const ReportDetails& details, size_t used) {
  std::string body;
  for (const ReportPicture& picture : details.pictures) {
    QUERN_TRY(const std::string ours, figure(picture.reference, "reference: " + picture.name));
    QUERN_TRY(const std::string theirs, figure(picture.candidate, "candidate: " + picture.name));
    if (used + body.size() + ours.size() + theirs.size() + 1000 > kLimit) break;
    body += "<div class=pictures>" + ours + theirs + "</div>";
  }
  return "<div class=gallery>" + body + "</div>";
}

std::string page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{}</style></head>\n<body><main>\n{}"
      "</main></body></html>\n",
      html::escaped(title), html::kStyle, body);
}

}  // namespace

Result<std::string> comparison_html(const Comparison& found, const ReportDetails& details) {
  std::string body = fmt::format("<h1>Where the numbers change</h1><p class=models><b>{}</b> against <b>{}</b></p>\n",
                                 html::escaped(details.candidate), html::escaped(details.reference));
  body += fmt::format("<section class=\"card verdict{}\">{}</section>\n", found.first_offender ? "" : " well",
                      html::escaped(found.verdict));
  body += tiles(found);
  if (details.facts) body += quantization_section(*details.facts, found.samples);
  if (details.difference)
    body += html::card("What it means for " + html::escaped(details.task), task_sentence(*details.difference),
                       "<!--pictures-->");
  body += html::card("Outputs", "The candidate's own run against the reference, pooled over all samples.",
                     outputs_table(found));
  if (!found.layers.empty()) {
    body += html::card(
        "Error along the network",
        "SQNR in dB, higher is better. Isolated: the operator alone, fed by the reference. Accumulated: in the "
        "candidate's own run. Where the blue line falls, an operator adds error; where only the orange one "
        "does, error passes through.",
        key({{"var(--iso)", "isolated"}, {"var(--acc)", "accumulated"}}) + "<div class=scroll>" + error_plot(found) +
            "</div>");
    if (const std::string looks = closer_looks(found); !looks.empty()) {
      body += html::card(
          "The worst layers",
          "How the numbers are spread, on a logarithmic scale. Shaded: what the candidate cannot store. Every "
          "fix was tried on the layer alone.",
          key({{"var(--iso)", "float"}, {"var(--acc)", "as stored"}, {"var(--l2)", "cannot be stored"}}) + looks);
    }
    body += html::card("All layers",
                       "Ranked by what is lost: decibels below what its bits with a range of its own would give.",
                       layers_table(found));
    body += html::card("The network", "A box a layer, coloured by what it loses.",
                       lost_key() + "<div class=scroll>" + graph_drawing(found) + "</div>");
  }
  body += fmt::format("<footer>Written by quern {}. docs/compare.md says what every figure means.</footer>\n",
                      details.facts ? "quantize" : "compare");
  const std::string title = details.candidate + " against " + details.reference;
  const size_t bare = page(title, body).size();
  if (bare > kLimit) {
    return fail(ErrorCode::out_of_memory, "the report would take {} bytes; a report may take {}", bare, kLimit);
  }
  QUERN_TRY(const std::string shown, pictures(details, bare));
  if (const size_t at = body.find("<!--pictures-->"); at != std::string::npos) body.replace(at, 15, shown);
  return page(title, body);
}

}  // namespace quern
