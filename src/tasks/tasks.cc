// The table of tasks, and the one way from outputs to a result.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/spelling.h"
#include "quern/task.h"
#include "tasks/detect.h"
#include "tasks/picture.h"

namespace quern {

namespace {

using Decoder = Result<TaskResult> (*)(const Decode&);

enum class Names : uint8_t { none, coco, face };

struct Row {
  Task task;
  Decoder decode;
  Names names = Names::none;  ///< what the decoder calls its classes by itself
};

const std::vector<double> kNanodetMean = {103.53, 116.28, 123.675};  // in the order blue, green, red
const std::vector<double> kNanodetStd = {57.375, 57.12, 58.395};

Preprocess stretch(Order order, double mean, double std_dev) {
  return {.fit = Fit::stretch, .order = order, .mean = {mean}, .std_dev = {std_dev}};
}

Row tensor_row() {
  return {{"tensor", "the outputs as they are, no decoding", {}, {}, {}, {}}, decode_tensor};
}

Row classify_row() {
  return {{"classify",
           "the best labels of a vector of scores, reported as the model gives them",
           {},
           {},
           {},
           {{"any name", "1 x classes"}}},
          decode_classify};
}

Row face_det_lite_row() {
  return {{"face_det_lite",
           "faces with 5 landmarks (Lightweight-Face-Detection); the model sees the blue channel",
           stretch(Order::blue, 0, 255),
           0.55,
           -1.0,
           {{"heatmap", "1 x H/8 x W/8"}, {"bbox", "4 x H/8 x W/8"}, {"landmark", "10 x H/8 x W/8"}}},
          decode_face_det_lite,
          Names::face};
}

Row nanodet_row() {
  return {{"nanodet",
           "objects by NanoDet, cell centres at half a stride",
           {.fit = Fit::warp, .order = Order::bgr, .mean = kNanodetMean, .std_dev = kNanodetStd},
           0.3,
           0.5,
           {{"scores, per stride 8 16 32", "cells x classes"}, {"distances, per stride", "cells x 32"}}},
          decode_nanodet,
          Names::coco};
}

Row nanodet_plus_row() {
  return {{"nanodet_plus",
           "objects by NanoDet-Plus, cell centres at the cell's corner",
           {.fit = Fit::warp, .order = Order::bgr, .mean = kNanodetMean, .std_dev = kNanodetStd},
           0.3,
           0.5,
           {{"any name, all of stride 8 16 32 64", "cells x (classes + 32)"}}},
          decode_nanodet_plus,
          Names::coco};
}

Row fastestdet_row() {
  return {{"fastestdet",
           "objects by FastestDet",
           stretch(Order::bgr, 0, 255),
           0.65,
           0.45,
           {{"any name", "(5 + classes) x H/16 x W/16"}}},
          decode_fastestdet,
          Names::coco};
}

Row yunet_row() {
  return {{"yunet",
           "faces with 5 landmarks by YuNet",
           stretch(Order::bgr, 0, 1),
           0.6,
           0.3,
           {{"cls_8 cls_16 cls_32", "cells x 1"},
            {"obj_8 obj_16 obj_32", "cells x 1"},
            {"bbox_8 bbox_16 bbox_32", "cells x 4"},
            {"kps_8 kps_16 kps_32", "cells x 10"}}},
          decode_yunet,
          Names::face};
}

Row ultraface_row() {
  return {{"ultraface",
           "faces by UltraFace (RFB or slim)",
           stretch(Order::rgb, 127, 128),
           0.7,
           0.3,
           {{"scores", "priors x 2"}, {"boxes", "priors x 4"}}},
          decode_ultraface,
          Names::face};
}

Row blazeface_row() {
  return {{"blazeface",
           "faces with 6 landmarks by BlazeFace (front camera)",
           stretch(Order::rgb, 127.5, 127.5),
           0.5,
           0.3,
           {{"classificators", "896 x 1"}, {"regressors", "896 x 16"}}},
          decode_blazeface,
          Names::face};
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {tensor_row(),  classify_row(),     face_det_lite_row(),
                                       nanodet_row(), nanodet_plus_row(), fastestdet_row(),
                                       yunet_row(),   ultraface_row(),    blazeface_row()};
  return all;
}

Status check_geometry(const Geometry& g) {
  QUERN_CHECK(check_extents(g.model_width, g.model_height, 3));
  if (g.scale_x > 0 && g.scale_y > 0) return {};
  return fail(ErrorCode::invalid_argument,
              "the geometry's scales {} and {} must be positive; take it from prepare_picture", g.scale_x, g.scale_y);
}

}  // namespace

const std::vector<Task>& tasks() {
  static const std::vector<Task> all = [] {
    std::vector<Task> list;
    for (const Row& row : rows()) list.push_back(row.task);
    return list;
  }();
  return all;
}

Result<Task> find_task(const std::string& name) {
  std::vector<std::string> known;
  for (const Task& task : tasks()) {
    if (task.name == name) return task;
    known.push_back(task.name);
  }
  return fail(ErrorCode::not_found, "there is no task '{}'; did you mean '{}'? Known are {}", name,
              nearest_word(name, known), fmt::join(known, ", "));
}

std::vector<std::string> class_names(const Task& task) {
  if (!task.labels.empty()) return task.labels;
  const auto row =
      std::find_if(rows().begin(), rows().end(), [&](const Row& one) { return one.task.name == task.name; });
  if (row == rows().end() || row->names == Names::none) return {};
  if (row->names == Names::face) return {"face"};
  return {coco_names().begin(), coco_names().end()};
}

std::string to_json(const Task& task) {
  nlohmann::ordered_json object;
  object["name"] = task.name;
  object["summary"] = task.summary;
  object["preprocess"] = nlohmann::ordered_json::parse(to_json(task.preprocess));
  object["preprocess_text"] = to_text(task.preprocess);
  if (task.score) object["score"] = *task.score;
  if (task.iou) object["iou"] = *task.iou;
  object["outputs"] = nlohmann::ordered_json::array();
  for (const ExpectedOutput& output : task.outputs)
    object["outputs"].push_back({{"name", output.name}, {"shape", output.shape}});
  if (!task.labels.empty()) object["labels"] = task.labels;
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<TaskResult> finish_task(const Task& task, std::span<const NamedTensor> outputs, const Geometry& geometry,
                               const TaskOptions& options) {
  const auto row =
      std::find_if(rows().begin(), rows().end(), [&](const Row& one) { return one.task.name == task.name; });
  if (row == rows().end()) return find_task(task.name).status();
  if (task.score) QUERN_CHECK(check_geometry(geometry));
  std::vector<NamedTensor> floats;
  for (const NamedTensor& output : outputs) {
    QUERN_TRY(Tensor values, dequantize(output.tensor));
    floats.push_back({output.name, std::move(values)});
  }
  TaskOptions effective = options;
  if (effective.labels.empty()) effective.labels = task.labels;
  const double score = options.score.value_or(task.score.value_or(0));
  const double iou = options.iou.value_or(task.iou.value_or(-1));
  return row->decode({task, floats, geometry, effective, score, iou});
}

std::string to_json(const TaskResult& result) {
  nlohmann::ordered_json object{{"labels", nlohmann::ordered_json::array()},
                                {"boxes", nlohmann::ordered_json::array()}};
  for (const Label& label : result.labels) {
    object["labels"].push_back({{"index", label.index}, {"label", label.label}, {"score", label.score}});
  }
  for (const Detection& box : result.boxes) {
    auto landmarks = nlohmann::ordered_json::array();
    for (const Point& p : box.landmarks) landmarks.push_back({p.x, p.y});
    object["boxes"].push_back({{"class", box.class_index},
                               {"label", box.label},
                               {"score", box.score},
                               {"x", box.x},
                               {"y", box.y},
                               {"width", box.width},
                               {"height", box.height},
                               {"landmarks", landmarks}});
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace quern
