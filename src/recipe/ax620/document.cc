#include "recipe/ax620/document.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>

#include <algorithm>
#include <regex>
#include <set>
#include <vector>

#include "base/spelling.h"

namespace quern::ax620 {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

/// "; did you mean 'a'? (a, b, c)"
std::string of_these(const std::string& word, const std::vector<std::string>& known) {
  return fmt::format("; did you mean '{}'? (known: {})", nearest_word(word, known), fmt::join(known, ", "));
}

std::string unknown_field(const std::string& message, const std::string& field) {
  const Descriptor* type = Configuration::descriptor()->file()->FindMessageTypeByName(message);
  std::vector<std::string> known;
  for (int i = 0; type != nullptr && i < type->field_count(); ++i) known.push_back(type->field(i)->name());
  return fmt::format("there is no field '{}' here{}", field, known.empty() ? "" : of_these(field, known));
}

/// The words of all enumerations that a field of this name can have.
std::string unknown_word(const std::string& word, const std::string& field) {
  const FileDescriptor* file = Configuration::descriptor()->file();
  std::vector<std::string> known;
  for (int m = 0; m < file->message_type_count(); ++m) {
    const FieldDescriptor* found = file->message_type(m)->FindFieldByName(field);
    if (found == nullptr || found->enum_type() == nullptr) continue;
    for (int v = 0; v < found->enum_type()->value_count(); ++v) {
      const std::string& name = found->enum_type()->value(v)->name();
      if (std::ranges::find(known, name) == known.end()) known.push_back(name);
    }
  }
  return fmt::format("'{}' is no word of {}{}", word, field, known.empty() ? "" : of_these(word, known));
}

/// The parser's complaint in our words, where it is one of the two that a slip of the pen causes.
std::string in_our_words(std::string complaint) {
  static const std::regex field_pattern(R"re(Message type "quern\.ax620\.(\w+)" has no field named "([^"]*)"\.?)re");
  static const std::regex word_pattern(R"re(Unknown enumeration value of "([^"]*)" for field "([^"]*)"\.?)re");
  std::smatch match;
  if (std::regex_match(complaint, match, field_pattern)) return unknown_field(match[1], match[2]);
  if (std::regex_match(complaint, match, word_pattern)) return unknown_word(match[1], match[2]);
  if (!complaint.empty()) complaint[0] = static_cast<char>(std::tolower(complaint[0]));
  while (complaint.ends_with('.')) complaint.pop_back();
  return complaint;
}

/// Keeps the first complaint.
class Collector : public google::protobuf::io::ErrorCollector {
 public:
  explicit Collector(const std::string& path) : path_(path) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!sentence_.empty()) return;
    sentence_ = fmt::format("line {}, column {} of '{}': {}", line + 1, column + 1, path_, in_our_words(message));
  }
  const std::string& sentence() const { return sentence_; }

 private:
  const std::string& path_;
  std::string sentence_;
};

}  // namespace

Result<std::shared_ptr<Document>> parse_document(const std::string& text, const std::string& path) {
  auto document = std::make_shared<Document>();
  document->path = path;
  Collector collector(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&document->places);
  if (parser.ParseFromString(text, &document->root)) return document;
  Error error{ErrorCode::invalid_file, collector.sentence()};
  error.file = path;
  return error;
}

Node Node::child(const char* field, int index) const {
  const FieldDescriptor* type = message_->GetDescriptor()->FindFieldByName(field);
  const auto& reflection = *message_->GetReflection();
  const auto& inner =
      index < 0 ? reflection.GetMessage(*message_, type) : reflection.GetRepeatedMessage(*message_, type, index);
  return {document_, &inner, places_ == nullptr ? nullptr : places_->GetTreeForNested(type, index)};
}

std::string Node::where(const char* field, int index) const {
  const FieldDescriptor* type = message_->GetDescriptor()->FindFieldByName(field);
  int line = places_ == nullptr ? -1 : places_->GetLocation(type, index).line;
  // A list in brackets is one place.
  for (; places_ != nullptr && line < 0 && index > 0; --index) line = places_->GetLocation(type, index - 1).line;
  return line < 0 ? fmt::format("'{}'", document_->path) : fmt::format("line {} of '{}'", line + 1, document_->path);
}

Error Node::error(ErrorCode code, const char* field, const std::string& sentence, int index) const {
  Error error{code, fmt::format("{}: {} {}", where(field, index), field, sentence)};
  error.file = document_->path;
  return error;
}

}  // namespace quern::ax620
