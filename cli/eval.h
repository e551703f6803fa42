// The parts of `quern eval`: the pictures of a truth through a model, and the two kinds of truth.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pictures.h"
#include "quern/data.h"
#include "quern/measure.h"
#include "quern/session.h"

namespace quern::cli {

/// What a model is held against, and how.
struct EvalJob {
  Session session;
  PictureJob picture;
  DataSet data;
  std::string truth_file;
  DataOptions selection;  ///< of the truth's pictures
  std::string boxes_file;
  int rounds = 0;  ///< of the bootstrap; 0: as many as suit the measure
};

/// A task as it is measured: its own record, and thresholds that let weak boxes through.
PictureJob eval_picture_job(const Task& task, std::optional<double> score, std::optional<double> iou);

/// A picture of the truth, the data's sample that shows it, and its place in the truth.
struct TruthPicture {
  size_t truth = 0;
  int64_t sample = 0;
};

/// The pictures that the truth names, found in the data: by their names, else all by the last part of their names (with
/// a note). Those that the selection takes, in the order of the data. Error: not_found for names the data lacks.
Result<std::vector<TruthPicture>> find_pictures(const Voice& voice, const EvalJob& job,
                                                const std::vector<std::string>& names, Json& json);

/// Every stage's median over the pictures.
Json to_json(const std::vector<StageTimes>& times);

using TakeResult = std::function<Status(const TruthPicture&, const Geometry&, const TaskResult&)>;
/// Runs the pictures one after another, hands over their results, and says the first picture's notes. Adds times_ms.
Status run_pictures(const Voice& voice, EvalJob& job, const std::vector<TruthPicture>& pictures, const TakeResult& take,
                    Json& json);

/// Reads the truth, runs, prints, and fills metrics and classes of the JSON object.
Status eval_classes(const Voice& voice, EvalJob& job, Json& json);
Status eval_boxes(const Voice& voice, EvalJob& job, Json& json);

/// At most this many boxes a picture are judged.
constexpr size_t kMaxBoxes = 100;

/// "81.2 % (95 %: 79.1 to 83.0)"
std::string percent_text(double part, const Interval& interval);
Json percent_json(const Interval& interval);

}  // namespace quern::cli
