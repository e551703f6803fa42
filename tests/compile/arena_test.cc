// The arena of real models: little more than the greatest sum of values alive at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "compile/allocate.h"
#include "compile/lower.h"
#include "prepare/prepare.h"
#include "quern/model.h"
#include "support/assets.h"

namespace quern {
namespace {

/// What is open in the shapes of the inputs becomes 1.
Result<Model> fixed(Result<Model> model) {
  if (!model.ok()) return model;
  for (const ValueInfo& input : model->inputs()) {
    Shape shape = input.shape;
    std::replace_if(
        shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; }, 1);
    if (model.ok() && shape != input.shape) model = model->with_shape(input.name, shape);
  }
  return model;
}

/// Every model file under a folder that can be read.
std::vector<Model> models_under(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto suffix = entry.path().extension();
    if (suffix == ".onnx" || suffix == ".tflite") files.push_back(entry.path());
  }
  std::vector<Model> models;
  for (const auto& file : files) {
    auto model = fixed(load_model(file.string()));
    if (model.ok() && model->open_dims().empty()) models.push_back(*model);
  }
  return models;
}

void expect_tight(const std::filesystem::path& folder) {
  for (const Model& model : models_under(folder)) {
    Graph graph = model.graph();
    if (!prepare(graph).ok()) continue;
    LoweredPlan lowered = lower(graph, Arithmetic::fixed_rule);
    ASSERT_TRUE(allocate(lowered, false).ok());
    EXPECT_LE(static_cast<double>(lowered.plan.arena_bytes), 1.05 * static_cast<double>(least_arena(lowered, false)))
        << model.info().file;
  }
}

TEST(Arena, ShippedModels) {
  ASSERT_FALSE(models_under("models").empty());
  expect_tight("models");
}

TEST(Arena, Assets) {
  if (!std::filesystem::is_directory(test::assets())) GTEST_SKIP() << "the assets are not here";
  expect_tight(test::assets());
}

}  // namespace
}  // namespace quern
