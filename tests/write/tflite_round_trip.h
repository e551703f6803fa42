// A graph's way through a TFLite file and back.
#pragma once

#include "tflite_generated.h"
#include "write/round_trip.h"

namespace quern::test {

/// Written, checked by flatbuffers' verifier, and parsed as the file's own tables.
inline tflite::schema::ModelT written_tflite(const Graph& graph) {
  tflite::schema::ModelT model;
  const auto bytes = write_tflite(graph);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  if (!bytes.ok()) return model;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes->data());
  flatbuffers::Verifier verifier(data, bytes->size());
  EXPECT_TRUE(tflite::schema::VerifyModelBuffer(verifier));
  tflite::schema::GetModel(data)->UnPackTo(&model);
  return model;
}

/// Written, read and prepared again.
inline Result<Graph> tflite_read_back(const Graph& graph) {
  QUERN_TRY(const std::string bytes, write_tflite(graph));
  QUERN_TRY(Graph back, read_model(std::as_bytes(std::span(bytes.data(), bytes.size())), "written.tflite"));
  QUERN_CHECK(prepare(back));
  return back;
}

/// The operators of a file in order, e.g. "CONV_2D RESHAPE".
inline std::string operators_of(const tflite::schema::ModelT& model) {
  std::string names;
  if (model.subgraphs.empty()) return names;
  for (const auto& op : model.subgraphs[0]->operators) {
    const auto code =
        static_cast<tflite::schema::BuiltinOperator>(model.operator_codes[op->opcode_index]->builtin_code);
    names += (names.empty() ? "" : " ") + std::string(tflite::schema::EnumNameBuiltinOperator(code));
  }
  return names;
}

}  // namespace quern::test
