#include "app/har_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "wire/base64.h"
#include "wire/content_coding.h"

namespace tokometer::app {
namespace {

namespace content_coding = wire::content_coding;

constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;
// A file is compressed once, by us or by a tool: it may swell as much as text does, and be long.
constexpr content_coding::Limits kFileLimits{.max_output_bytes = std::uint64_t{1} << 50U, .max_ratio = 10'000};

// Whether the body is coded as its content-encoding says. HAR bodies are decoded
// (1.2, "content"), but recorders differ.
bool is_coded(std::string_view body) {
  constexpr std::string_view kGzip = "\x1f\x8b";
  constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";
  if (body.starts_with(kGzip) || body.starts_with(kZstd)) return true;
  // zlib and br have no mark of their own; what is no text at its beginning is none that we read.
  return std::ranges::any_of(body.substr(0, 16), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

class HarInput {
 public:
  explicit HarInput(const std::filesystem::path& path) : stream_(std::fopen(path.c_str(), "rbe")) {}
  HarInput(const HarInput&) = delete;
  HarInput& operator=(const HarInput&) = delete;
  ~HarInput() {
    if (stream_ != nullptr) static_cast<void>(std::fclose(stream_));
  }
  bool is_open() const { return stream_ != nullptr; }
  // Empty at the end, and when reading fails: see failed().
  std::string_view read(std::string& buffer) {
    if (std::feof(stream_) != 0 || std::ferror(stream_) != 0) return {};
    return {buffer.data(), std::fread(buffer.data(), 1, buffer.size(), stream_)};
  }
  bool failed() const { return std::ferror(stream_) != 0; }

 private:
  std::FILE* stream_;
};

}  // namespace

HarMessage::HarMessage(json::Node headers, json::Node content) {
  body = content["text"].string().value_or("");
  is_missing = body.empty() && content["size"].int64().value_or(0) > 0;
  if (content["encoding"].string() == "base64") {
    auto bytes = wire::base64::decode(body);
    text_fault = !bytes;
    decoded = std::move(bytes).value_or("");
    body = decoded;
  }
  const bool coded = is_coded(body);
  for (const json::Node header : headers.elements()) {
    const std::string_view name = header["name"].string().value_or("");
    if (!coded && wire::iequals(name, "content-encoding")) continue;
    fields.push_back({name, header["value"].string().value_or("")});
  }
  const std::string_view type = content["mimeType"].string().value_or("");
  if (!type.empty() && !wire::find(fields, "content-type")) fields.push_back({"content-type", type});
}

std::optional<HarUrl> split_har_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  std::string_view rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t slash = rest.find_first_of("/?");
  const std::string_view host = rest.substr(0, slash);
  // An `@` may bring a password, which must not get into an event.
  if (host.empty() || host.find('@') != std::string_view::npos) return std::nullopt;
  return HarUrl{host, slash == std::string_view::npos ? "/" : rest.substr(slash)};
}

Result<void> read_har_file(const std::filesystem::path& file, const HarReader::Limits& limits, HarReader::Sink use) {
  const auto failed = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: {}", file.string(), error.message));
  };
  const auto unsound = [&](const Error& error) {
    return failed({error.code, "not a sound HAR 1.2 file: " + error.message});
  };
  errno = 0;
  HarInput input(file);
  if (!input.is_open()) return fail(io_error(file.string(), errno));

  HarReader har(limits);
  std::string buffer(kChunkBytes, '\0');
  std::string_view bytes = input.read(buffer);
  const std::string_view coding = bytes.starts_with("\x1f\x8b")           ? "gzip"
                                  : bytes.starts_with("\x28\xb5\x2f\xfd") ? "zstd"
                                                                          : "";
  auto decoder = content_coding::Decoder::open(coding, kFileLimits);
  if (!decoder) return failed(decoder.error());
  Result<void> har_fed;
  for (; !bytes.empty(); bytes = input.read(buffer)) {
    const auto decoded = decoder->feed(bytes, [&](std::string_view content) {
      if (har_fed) har_fed = har.feed(content, use);
    });
    if (!har_fed) return unsound(har_fed.error());
    if (!decoded) return failed(decoded.error());
  }
  if (input.failed()) return fail(io_error(file.string(), errno));
  if (auto finished = decoder->finish(); !finished) return failed(finished.error());
  if (auto finished = har.finish(); !finished) return unsound(finished.error());
  return {};
}

}  // namespace tokometer::app
