// Drafts a provider spec from recorded exchanges with a host that no spec knows.
//
//   SpecDrafter drafter("acme", registry);
//   read_har_file(file, {}, [&](std::string_view entry) { drafter.add(entry); });
//   auto draft = drafter.finish();   // draft->json, draft->notes
//
// From each successful POST with a JSON or streamed answer: host, path,
// operation, where model, stream flag, ids, finish reason and errors stand, how
// a stream is framed and its events are called, the usage object and what its
// counts contain. Of several recordings of one endpoint, streamed or not, the
// one that states the most counts. Where a format that is known already reads the same counts,
// the draft refers to it. Every note says what was found, its value, and what
// may be wrong about it. The spec is sound (provider/spec_file.h) by design.
//
// Not here: guessing the counts (usage_guess.h), writing the file (cli/).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "provider/registry.h"

namespace tokometer::app {

struct SpecDraft {
  struct Note {
    std::string what;   // "input_tokens"
    std::string where;  // "$.usage.in"
    std::string value;  // what stands there in the recording; "no value" where it is a name
    std::string doubt;  // empty: none
  };
  std::string json;
  std::vector<Note> notes;
};

class SpecDrafter {
 public:
  struct Limits {
    std::size_t endpoints = 32;              // more are passed over
    std::size_t events = 10'000;             // of one stream; later ones are passed over
    std::size_t event_bytes = 4U << 20U;     // of one event, or of one body
    std::size_t decoded_bytes = 64U << 20U;  // of a body whose coding is undone
  };

  // `name` is the spec's; it must be one that a spec may have.
  SpecDrafter(std::string name, std::shared_ptr<const provider::Registry> registry);
  ~SpecDrafter();
  SpecDrafter(const SpecDrafter&) = delete;
  SpecDrafter& operator=(const SpecDrafter&) = delete;

  // Looks at one HAR entry. What is of no use (another host than the first, no POST, no success, no JSON) is counted.
  void add(std::string_view entry);
  std::size_t passed_over() const;

  // Fails with kNotFound where no entry was of use.
  Result<SpecDraft> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokometer::app
