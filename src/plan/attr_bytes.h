// An operator's attributes as bytes: its fields in the order of graph/op.h, without names. A change there is a new
// version of the formats that hold them.
#pragma once

#include "base/bytes.h"
#include "graph/op.h"

namespace quern {

void write_attrs(const Attrs& attrs, ByteWriter& out);

/// The attributes of a kind. Enumerators that do not exist make the reader refuse; ranges are verify_attrs' business.
Attrs read_attrs(OpKind kind, ByteReader& in);

}  // namespace quern
