#include "report/html.h"

#include <fmt/format.h>

#include "quern/measure.h"

namespace quern::html {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string data_uri(const std::string& type, std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "data:" + type + ";base64,";
  out.reserve(out.size() + bytes.size() * 4 / 3 + 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8U | (i + k < bytes.size() ? std::to_integer<uint32_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) {
      const bool pad = k > bytes.size() - i;
      out += pad ? '=' : kDigits[group >> (18 - 6 * k) & 63U];
    }
  }
  return out;
}

std::string db(double value) {
  return value >= Distance::kMaxDb ? "equal" : fmt::format("{:.1f}", value);
}

std::string tail(const std::string& text, size_t count) {
  if (text.size() <= count) return text;
  size_t start = text.size() - count;
  while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) ++start;
  return "…" + text.substr(start);
}

std::string card(const std::string& head, const std::string& hint, const std::string& body) {
  return fmt::format("<section class=card><h2>{}</h2><p class=hint>{}</p>{}</section>\n", head, hint, body);
}

}  // namespace quern::html
