#include "proxy/usage_request.h"

#include <cstddef>
#include <cstdint>

#include "json/reader.h"

namespace tokometer::proxy {
namespace {

using json::Reader;
using json::Token;

// Where in a request's text to put what.
struct Edit {
  std::size_t at = 0;
  std::size_t drop = 0;  // bytes that it takes the place of
  std::string_view text;
};

constexpr std::string_view kWholeMember = R"("stream_options":{"include_usage":true},)";
constexpr std::string_view kValue = R"({"include_usage":true})";
constexpr std::string_view kFirstOfSeveral = R"("include_usage":true,)";
constexpr std::string_view kOnly = R"("include_usage":true)";

class RequestWalk {
 public:
  explicit RequestWalk(std::string_view json) { reader_.feed(json); }

  std::optional<Edit> edit() {
    if (reader_.next() != Token::kBeginObject) return std::nullopt;
    edit_ = {.at = position(), .drop = 0, .text = kWholeMember};
    Token token = reader_.next();
    for (; token == Token::kName; token = reader_.next()) {
      // No client escapes these names: what does is not understood.
      if (reader_.has_escape()) return std::nullopt;
      const std::string_view name = reader_.piece();
      if (name == "stream") {
        if (reader_.next() != Token::kTrue) return std::nullopt;
        streams_ = true;
      } else if (name == "stream_options") {
        if (seen_options_ || !options()) return std::nullopt;
        seen_options_ = true;
      } else {
        reader_.ignore_value();
      }
    }
    // Nothing but white space may follow; the reader may be told of the end only when it has used up everything.
    if (token != Token::kEndObject || reader_.next() != Token::kMore || !streams_) return std::nullopt;
    if (reader_.finish() != Token::kMore) return std::nullopt;
    return edit_;
  }

 private:
  std::size_t position() const { return static_cast<std::size_t>(reader_.position()); }

  // Reads the value of `stream_options`; false if there is nothing to be done about it.
  bool options() {
    const Token value = reader_.next();
    if (value == Token::kNull) {
      const auto begin = static_cast<std::size_t>(reader_.token_begin());
      edit_ = {.at = begin, .drop = position() - begin, .text = kValue};
      return true;
    }
    if (value != Token::kBeginObject) return false;
    const std::size_t inside = position();
    bool empty = true;
    Token token = reader_.next();
    for (; token == Token::kName; token = reader_.next()) {
      if (reader_.has_escape() || reader_.piece() == "include_usage") return false;
      empty = false;
      reader_.ignore_value();
    }
    edit_ = {.at = inside, .drop = 0, .text = empty ? kOnly : kFirstOfSeveral};
    return token == Token::kEndObject;
  }

  Reader reader_;
  Edit edit_;
  bool streams_ = false;
  bool seen_options_ = false;
};

}  // namespace

std::optional<std::string> with_usage_asked(std::string_view json) {
  const auto edit = RequestWalk(json).edit();
  if (!edit) return std::nullopt;
  std::string changed;
  changed.reserve(json.size() + edit->text.size());
  changed.append(json.substr(0, edit->at)).append(edit->text).append(json.substr(edit->at + edit->drop));
  return changed;
}

}  // namespace tokometer::proxy
