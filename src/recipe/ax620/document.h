// A configuration as it was written, and where each field stands.
#pragma once

#include <google/protobuf/text_format.h>

#include <memory>
#include <string>

#include "ax620.pb.h"
#include "base/error.h"

namespace quern::ax620 {

/// The text taken apart. Fields that were not written are absent.
struct Document {
  std::string path;
  Configuration root;
  google::protobuf::TextFormat::ParseInfoTree places;
};

/// Errors: invalid_file with line and column: a field that there is none of, a value of another type, a word that is
/// none of an enumeration's, text that is no text of protobuf's.
Result<std::shared_ptr<Document>> parse_document(const std::string& text, const std::string& path);

/// A message of the document, to say where its fields stand.
class Node {
 public:
  explicit Node(const Document& document) : document_(&document), message_(&document.root), places_(&document.places) {}

  /// The message in `field`; `index` where it is repeated. Requires that it was written.
  Node child(const char* field, int index = -1) const;

  /// An error about one of this message's fields: "line 3 of 'f.prototxt': FIELD SENTENCE".
  Error error(ErrorCode code, const char* field, const std::string& sentence, int index = -1) const;
  /// "line 3 of 'f.prototxt'"; the file alone for a field that was not written.
  std::string where(const char* field, int index = -1) const;

 private:
  Node(const Document* document, const google::protobuf::Message* message,
       const google::protobuf::TextFormat::ParseInfoTree* places)
      : document_(document), message_(message), places_(places) {}

  const Document* document_;
  const google::protobuf::Message* message_;
  const google::protobuf::TextFormat::ParseInfoTree* places_;  ///< null where the document has no such message
};

}  // namespace quern::ax620
