// The provider specs in force, and which of them a request belongs to.
//
// Specs come from the binary (data/providers) and from the user's folder, whose
// files override by name and by field. A Registry is immutable once loaded and
// may be shared between threads; a reload makes a new one.
//
// Nothing here allocates but load() and error_body().
//
// Not here: what a spec says (spec.h), how it is read and checked (spec_file.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "embedded/embedded.h"
#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::provider {

struct SpecText;  // spec_file.h

class Registry {
 public:
  // Merges `builtin` with every *.json of `user_folder` (which may be missing).
  // Fails on the first fault of a file: "FILE:LINE: what is wrong".
  static Result<std::shared_ptr<const Registry>> load(std::span<const embedded::File> builtin,
                                                      const std::filesystem::path& user_folder);
  // The same with the texts of the user's files.
  static Result<std::shared_ptr<const Registry>> load_texts(std::span<const embedded::File> builtin,
                                                            std::span<const SpecText> user);
  ~Registry();

  // In order of their names.
  const std::vector<std::unique_ptr<const Spec>>& specs() const;

  const Spec* by_name(std::string_view name) const;
  // What usage looks like whoever states it (the spec "generic"): asked where no spec knows an endpoint, and where
  // a spec's own reading is poor. Null only where the specs were loaded without it.
  const Format* generic() const;
  // By the origin's host name, with or without a port: exactly, or by a pattern (host_pattern.h).
  const Spec* by_host(std::string_view host) const;

  struct Routed {
    const Spec* spec;
    std::string_view target;  // what is left of the target: "/v1/messages?beta=true"
  };
  // By route prefix: "/anthropic/v1/messages" gives anthropic and "/v1/messages".
  std::optional<Routed> by_route(std::string_view target) const;
  // By the path that a client sends when only its host was replaced; fields
  // (such as anthropic-version) decide where paths of several providers are alike.
  const Spec* by_bare_path(std::string_view method, std::string_view target, wire::Fields fields) const;

  // The endpoint of `spec` that a request goes to; null if the spec names none. `target` is as sent to the
  // origin (or without the path of the spec's base_url) and may carry a query; fields matter where one path
  // serves several operations.
  const Endpoint* endpoint(const Spec& spec, std::string_view method, std::string_view target,
                           wire::Fields fields = {}) const;

 private:
  struct Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A JSON body in the error shape of `spec` (null: OpenAI's, the most common) and
// with its name for what `status` means, so that the client's SDK raises and
// shows what it would for the provider's own.
std::string error_body(const Spec* spec, int status, std::string_view message);

}  // namespace tokometer::provider
