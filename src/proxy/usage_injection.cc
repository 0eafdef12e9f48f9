#include "proxy/usage_injection.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "provider/format.h"
#include "proxy/usage_request.h"

namespace tokometer::proxy {
namespace {

using wire::http1::Framing;

bool has_type(wire::Fields fields, std::string_view type) {
  const std::string_view value = wire::find(fields, "content-type").value_or("");
  std::string_view essence = value.substr(0, value.find(';'));
  while (essence.ends_with(' ')) essence.remove_suffix(1);
  return wire::iequals(essence, type);
}

bool is_coded(wire::Fields fields) {
  const auto coding = wire::find(fields, "content-encoding");
  return coding && !wire::iequals(*coding, "identity");
}

}  // namespace

bool UsageInjection::applies(const Settings& settings, const Route& route, const RequestHead& head) {
  if (settings.stream_usage != StreamUsage::kInject || route.endpoint == nullptr) return false;
  const provider::Format* const format = route.endpoint->format.get();
  if (format == nullptr || !format->stream || !format->stream->usage_on_request) return false;
  // Who waits for 100 sends nothing that could be held.
  return head.method == "POST" && head.framing.has_content() && !head.expect_continue &&
         head.framing.length <= settings.limits.injection_bytes && has_type(head.fields, "application/json") &&
         !is_coded(head.fields);
}

UsageInjection::UsageInjection(const RequestHead& head, std::string_view target, const Limits& limits)
    : raw_head_(head.raw),
      target_(target),
      decoder_(limits.http1),
      max_bytes_(limits.injection_bytes),
      chunked_(head.framing.kind == Framing::Kind::kChunked) {
  std::string_view raw = raw_head_;
  const auto read = decoder_.read(raw);
  TOKOMETER_CHECK(read == wire::http1::Read::kHead);
}

void UsageInjection::hold(const Piece& piece) {
  wire_ += piece.http1(chunked_ ? Framing::Kind::kChunked : Framing::Kind::kLength, framed_);
  if (!chunked_) return;
  for (const std::string_view content : piece.content) content_ += content;
}

UsageInjection::Request UsageInjection::release(bool whole) {
  holding_ = false;
  Request request{.head = decoder_.head(), .target = target_, .changes = {}, .wire = wire_};
  auto changed = whole ? with_usage_asked(chunked_ ? content_ : wire_) : std::nullopt;
  if (!changed) return request;
  asked_ = true;
  // Coded content could not be changed back.
  request.changes.identity_only = true;
  if (chunked_) {
    wire_ = fmt::format("{:x}\r\n", changed->size());
    wire_.append(*changed).append("\r\n0\r\n\r\n");
  } else {
    request.changes.content_length = changed->size();
    wire_ = std::move(*changed);
  }
  request.wire = wire_;
  return request;
}

bool UsageInjection::begin_response(const ResponseHead& head) {
  wire_ = content_ = std::string();
  if (!asked_ || head.status != 200 || !has_type(head.fields, "text/event-stream") || is_coded(head.fields)) {
    return false;
  }
  strip_.emplace();
  frame_ = head.framing.kind != Framing::Kind::kUntilClose;
  return head.framing.has_content();
}

Piece UsageInjection::strip(const Piece& piece) {
  out_.clear();
  for (const std::string_view content : piece.content) strip_->feed(content, out_);
  if (piece.end) strip_->finish(out_);
  out_view_ = out_;
  const std::span<const std::string_view> content(&out_view_, out_.empty() ? 0U : 1U);
  if (!frame_) return {.wire = out_, .content = content, .end = piece.end};
  framed_.clear();
  if (!out_.empty()) {
    framed_ = fmt::format("{:x}\r\n", out_.size());
    framed_.append(out_).append("\r\n");
  }
  if (piece.end) framed_ += "0\r\n\r\n";
  return {.wire = framed_, .content = content, .end = piece.end};
}

}  // namespace tokometer::proxy
