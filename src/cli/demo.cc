#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "app/proxy_service.h"
#include "app/settings.h"
#include "app/stand_in.h"
#include "cli/builtin.h"
#include "cli/environment.h"
#include "cli/printer.h"
#include "cli/settings.h"
#include "net/blocking_client.h"

namespace tokometer::cli {
namespace {

namespace fs = std::filesystem;

struct DemoCall {
  std::string_view target;
  std::string_view client;
  std::string_view body;
};

constexpr std::array kCalls = {
    DemoCall{"/p/demo/openai/v1/chat/completions", "OpenAI/Python 2.6.0",
             R"({"model":"gpt-5-mini","messages":[{"role":"user","content":"What is a token?"}]})"},
    DemoCall{
        "/p/demo/openai/v1/chat/completions", "OpenAI/JS 6.49.0",
        R"({"model":"gpt-5","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Stream me something about tokens, please."}]})"},
    DemoCall{
        "/p/demo/anthropic/v1/messages", "claude-cli/2.1.0 (external, cli)",
        R"({"model":"claude-sonnet-4-5","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Where do cached tokens count?"}]})"},
    DemoCall{"/p/demo/anthropic/v1/messages", "Anthropic/Python 0.75.0",
             R"({"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"Hello!"}]})"},
    DemoCall{"/p/demo/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", "google-genai-sdk/1.50.0",
             R"({"contents":[{"role":"user","parts":[{"text":"Do thoughts cost?"}]}]})"},
    DemoCall{"/p/demo/openai/v1/chat/completions", "curl/8.5.0",
             R"({"model":"my-own-finetune","messages":[{"role":"user","content":"What if nobody knows my price?"}]})"},
};

// A folder of our own that goes with us.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "tokometer-demo-XXXXXX").string();
    if (error || ::mkdtemp(pattern.data()) == nullptr) return fail(ErrorCode::kIo, "no temporary folder can be made");
    return TemporaryFolder(std::move(pattern));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, fs::path())) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string http_request(const DemoCall& call) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
      call.target, call.client, call.body.size(), call.body);
}

Result<std::unique_ptr<net::Server>> start_stand_in(const Environment& environment) {
  auto address = net::Address::parse("127.0.0.1:0");
  if (!address) return fail(std::move(address.error()));
  auto server = net::Server::open({.listen = {*address}}, environment.clock, environment.log);
  if (!server) return server;
  if (auto started = (*server)->start(std::make_shared<app::StandIn>()); !started) {
    return fail(std::move(started.error()));
  }
  return server;
}

// Settings as they ship, whatever the user's own file says: only where data
// goes and where requests go is ours.
Result<app::Config> demo_config(const fs::path& folder, const net::Address& stand_in) {
  const std::string origin = "http://" + stand_in.text();
  const auto settings = app::load_settings({.file = fs::path("/dev/null"),
                                            .variable = [](std::string_view) { return std::nullopt; },
                                            .options = {{"listen", "127.0.0.1:0"},
                                                        {"data_dir", folder.string()},
                                                        {"config_dir", (folder / "config").string()},
                                                        {"workers", "1"},
                                                        {"log_level", "warn"},
                                                        {"limits.connections", "100"},
                                                        {"origins", "openai=" + origin},
                                                        {"origins", "anthropic=" + origin},
                                                        {"origins", "gcp.gemini=" + origin}}});
  if (!settings) return fail(settings_error(settings.error()));
  return settings->config;
}

Result<ExitCode> run_demo(const Arguments&, Environment& environment) {
  auto folder = TemporaryFolder::make();
  if (!folder) return fail(std::move(folder.error()));
  auto stand_in = start_stand_in(environment);
  if (!stand_in) return fail(std::move(stand_in.error()));
  const auto config = demo_config(folder->path(), (*stand_in)->addresses().front());
  if (!config) return fail(config.error());

  const auto printer = make_printer(app::Print::kLine, environment.out, environment.clock, local_time_of_day);
  auto service = app::ProxyService::open(
      *config,
      {.take = [&](const event::Event& event) { printer->print(event); }, .finish = [&] { printer->finish(); }},
      environment.clock, environment.log);
  if (!service) return fail(std::move(service.error()));
  if (auto started = (*service)->start(); !started) return fail(std::move(started.error()));
  const std::string listening = (*service)->listening().front();
  const auto address = net::Address::parse(listening);
  if (!address) return fail(address.error());

  environment.out.print("A proxy on {} sends {} calls to a stand-in provider.\n\n", listening, kCalls.size());
  environment.out.flush();
  bool answered = true;
  for (const DemoCall& call : kCalls) {
    const auto response = net::ask(*address, http_request(call), std::chrono::seconds(10));
    if (!response) return fail(response.error());
    answered = answered && response->starts_with("HTTP/1.1 200 ");
  }
  (*service)->shutdown(std::chrono::seconds(5));
  (*service)->join();
  (*stand_in)->shutdown(std::chrono::milliseconds(0));
  (*stand_in)->join();
  if (!answered) return fail(ErrorCode::kNetwork, "a call of the demo was refused");
  environment.out.print(
      "\nNow with your own: `tokometer proxy`, then set your client's base URL as told.\n"
      "Later: `tokometer report`, `tokometer events`, `tokometer prices show gpt-5`.\n");
  return ExitCode::kOk;
}

}  // namespace

Command demo_command() {
  return {.name = "demo",
          .summary = "See it work in a minute, without any key",
          .description =
              "Starts a stand-in provider and a proxy on loopback, sends a few plain and streamed calls of several "
              "clients through it, and shows what is seen of them. Leaves nothing behind.",
          .examples = {{"tokometer demo", "A few calls, then their sums"}},
          .run = run_demo};
}

}  // namespace tokometer::cli
