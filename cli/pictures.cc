#include "pictures.h"

#include "stopwatch.h"

namespace quern::cli {

namespace {

std::string labels_text(const std::vector<Label>& labels) {
  std::vector<std::vector<std::string>> rows;
  for (const Label& label : labels)
    rows.push_back({fmt::format("{:.4f}", label.score), std::to_string(label.index), label.label});
  return table({"score", "index", "label"}, rows);
}

std::string boxes_text(const std::vector<Detection>& boxes) {
  std::vector<std::vector<std::string>> rows;
  for (const Detection& box : boxes) {
    rows.push_back({fmt::format("{:.4f}", box.score), std::to_string(box.class_index), box.label,
                    fmt::format("{:.1f}", box.x), fmt::format("{:.1f}", box.y), fmt::format("{:.1f}", box.width),
                    fmt::format("{:.1f}", box.height)});
  }
  return table({"score", "class", "label", "x", "y", "width", "height"}, rows);
}

}  // namespace

Result<std::vector<Tensor>> run_repeated(Session& session, const std::vector<Tensor>& inputs, int warmup, int repeat,
                                         double& median_ms) {
  for (int i = 0; i < warmup; ++i) {
    auto outputs = session.run(inputs);
    if (!outputs.ok()) return outputs;
  }
  std::vector<double> times;
  for (int i = 0;; ++i) {
    Stopwatch watch;
    auto outputs = session.run(inputs);
    times.push_back(watch.lap_ms());
    if (outputs.ok() && i + 1 < repeat) continue;
    median_ms = median(times);
    return outputs;
  }
}

Result<PictureResult> run_picture(Session& session, const std::string& file, const PictureJob& job) {
  if (session.inputs().size() != 1) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the model has {} inputs; a picture can fill only one: give arrays by --input, or "
                             "turn the others into constants by --bind",
                             session.inputs().size())};
  }
  const ValueInfo& input = session.inputs()[0];
  PictureResult done;
  done.file = file;
  Stopwatch watch;
  auto picture = read_picture(file);
  if (!picture.ok()) return picture.status();
  done.picture = *std::move(picture);
  done.times.decode = watch.lap_ms();
  auto prepared_input =
      prepare_picture(done.picture, job.preprocess, {input.name, input.dtype, input.shape, input.quantization});
  if (!prepared_input.ok()) return prepared_input.status();
  done.notes = prepared_input->notes;
  done.times.prepare = watch.lap_ms();
  auto outputs = run_repeated(session, {prepared_input->tensor}, job.warmup, job.repeat, done.times.infer);
  if (!outputs.ok()) return outputs.status();
  done.outputs = *std::move(outputs);
  watch.lap_ms();
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < done.outputs.size(); ++i) named.push_back({session.outputs()[i].name, done.outputs[i]});
  auto result = finish_task(job.task, named, prepared_input->geometry, job.options);
  if (!result.ok()) return result.status();
  done.result = *std::move(result);
  done.notes.insert(done.notes.end(), done.result.notes.begin(), done.result.notes.end());
  done.times.finish = watch.lap_ms();
  return done;
}

Json to_json(const PictureResult& result) {
  Json json = {{"file", result.file}, {"width", result.picture.width}, {"height", result.picture.height}};
  const Json decoded = Json::parse(to_json(result.result));
  json["labels"] = decoded.value("labels", Json::array());
  json["boxes"] = decoded.value("boxes", Json::array());
  json["times_ms"] = {{"decode", result.times.decode},
                      {"prepare", result.times.prepare},
                      {"infer", result.times.infer},
                      {"finish", result.times.finish}};
  return json;
}

std::string to_text(const PictureResult& result) {
  std::string text = fmt::format("{} ({}x{})\n", result.file, result.picture.width, result.picture.height);
  if (!result.result.labels.empty()) text += labels_text(result.result.labels);
  if (!result.result.boxes.empty()) text += boxes_text(result.result.boxes);
  if (result.result.labels.empty() && result.result.boxes.empty()) text += "nothing above the threshold\n";
  const StageTimes& t = result.times;
  return text + fmt::format("decode {:.2f} ms, prepare {:.2f} ms, infer {:.2f} ms, finish {:.2f} ms\n", t.decode,
                            t.prepare, t.infer, t.finish);
}

}  // namespace quern::cli
