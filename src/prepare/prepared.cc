#include "prepare/prepare.h"
#include "quern/model.h"

namespace quern {

Result<Model> prepared(const Model& model) {
  Graph graph = model.graph();
  if (const Status status = prepare(graph); !status.ok()) return status;
  return Model(std::move(graph), model.info());
}

}  // namespace quern
