// Options that name a model and fix its inputs, shared by the verbs that load one.
#pragma once

#include <CLI/CLI.hpp>

#include "output.h"
#include "quern/model.h"

namespace quern::cli {

/// MODEL, --shape and --bind.
struct ModelOptions {
  std::string file;
  std::vector<std::string> shapes;  ///< "name:1x3x224x224"
  std::vector<std::string> binds;   ///< "name=file.npy"

  void add_to(CLI::App& app);
};

/// Loads the model and applies --bind and --shape.
Result<Model> load(const ModelOptions& options, const Voice& voice);

/// "name:1x3x224x224" taken apart at the last colon.
struct NamedShape {
  std::string name;
  Shape shape;
};
Result<NamedShape> parse_named_shape(const std::string& text);

/// Takes 1 for every open leading extent (the batch) where that alone is open; other open extents are left.
Result<Model> take_batch_of_one(const Model& model, const Voice& voice);

}  // namespace quern::cli
