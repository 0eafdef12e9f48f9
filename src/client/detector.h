// Which program made a call, told from its request fields.
//
//   const auto detector = Detector::load(embedded::clients(), config_folder / "clients");
//   const Client client = (*detector)->detect(request_fields);
//   // client.name == "claude-code", client.version == "2.0.14"
//
// Rules are data (data/clients/*.json, docs/clients.md): the first that holds,
// by descending priority, gives the name. Without one, the User-Agent's first
// product is the name; without a User-Agent, the name is empty.
//
// A Detector is immutable once loaded and may be shared between threads; a
// reload makes a new one.
//
// Not here: ids in bodies, which provider specs read (provider/).
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "embedded/embedded.h"
#include "wire/fields.h"

namespace tokometer::client {

// The views live as long as the detector and the fields.
struct Client {
  std::string_view name;        // "claude-code", "openai-python", …; empty if nothing tells
  std::string_view version;     // empty if unsaid
  std::string_view session_id;  // of a field in which this client sends one; empty if it does not
};

class Detector {
 public:
  // Reads `builtin`, and over it every *.json of `user_folder` (which may be
  // missing or empty): a client of the user's replaces ours of the same name.
  // Fails on the first fault: "FILE:LINE: what".
  static Result<std::shared_ptr<const Detector>> load(std::span<const embedded::File> builtin,
                                                      const std::filesystem::path& user_folder);
  ~Detector();

  Client detect(wire::Fields fields) const;

  // The names of all clients that rules exist for, in the order in which they are tried.
  std::vector<std::string_view> names() const;

 private:
  struct Impl;
  explicit Detector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokometer::client
