// rewrite IN OUT: reads a model, prepares it, writes it. Open extents become 1.
#include <cstdio>

#include "base/error.h"
#include "prepare/prepare.h"
#include "quern/model.h"
#include "read/reader.h"

namespace {

quern::Status rewrite(const std::string& from, const std::string& to) {
  QUERN_TRY(quern::Graph graph, quern::read_model(from));
  for (const quern::ValueId id : graph.inputs) {
    for (int64_t& extent : graph.value(id).shape) extent = extent < 0 ? 1 : extent;
  }
  QUERN_CHECK(quern::prepare(graph));
  return quern::save_model(quern::Model(std::move(graph), {}), to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const quern::Status done = rewrite(argv[1], argv[2]);
  if (!done.ok()) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done.ok() ? 0 : 1;
}
