// One picture through a model: decode, prepare, infer, finish; and what came of it.
#pragma once

#include <string>
#include <vector>

#include "output.h"
#include "quern/session.h"
#include "quern/task.h"

namespace quern::cli {

/// What a picture is turned into and read as.
struct PictureJob {
  Task task;
  Preprocess preprocess;
  TaskOptions options;
  int warmup = 0;
  int repeat = 1;
};

struct StageTimes {
  double decode = 0;
  double prepare = 0;
  double infer = 0;  ///< the median when a run is repeated
  double finish = 0;
};

struct PictureResult {
  std::string file;
  Picture picture;
  TaskResult result;
  std::vector<Tensor> outputs;
  std::vector<std::string> notes;
  StageTimes times;
};

/// Runs the session `warmup` + `repeat` times on the same inputs; the outputs of the last run, and the median time.
Result<std::vector<Tensor>> run_repeated(Session& session, const std::vector<Tensor>& inputs, int warmup, int repeat,
                                         double& median_ms);

/// The model must have one input that takes a picture. Errors of reading name the picture.
Result<PictureResult> run_picture(Session& session, const std::string& file, const PictureJob& job);

Json to_json(const PictureResult& result);
/// Labels or boxes as aligned columns, with the picture's name above.
std::string to_text(const PictureResult& result);

}  // namespace quern::cli
