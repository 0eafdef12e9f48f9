// Which names say that their value is a credential, and targets without such values.
//
//   is_secret_field(spec, "X-Vendor-Key");                        // true
//   redacted_target(spec, "/v1/x?alt=sse&access_token=abc");      // "/v1/x?alt=sse&access_token=REDACTED"
//
// One rule for all that is stored, shown or captured. A spec's `secrets` add
// names to it and take none away.
//
// Of bodies, which only captures keep: redacted_content.
#pragma once

#include <string>
#include <string_view>

#include "provider/spec.h"

namespace tokometer::provider {

inline constexpr std::string_view kRedacted = "REDACTED";

// Whether a field or query parameter of this name carries a credential whatever the provider: a name with "auth",
// "secret", "key", "signature", … anywhere, or with a word that ends in "token" and counts nothing ("max_token" does).
// In any case, and percent-encoded or not. Better one too many than one too few.
bool names_secret(std::string_view name);

// Also the names that `spec` (may be null) lists.
bool is_secret_field(const Spec* spec, std::string_view name);
bool is_secret_parameter(const Spec* spec, std::string_view name);

// `target`, or a URL, with the value of every secret parameter of its query replaced by "REDACTED".
std::string redacted_target(const Spec* spec, std::string_view target);

// A body or message with the values of credentials replaced by "REDACTED": in JSON, whole, in lines or in events, the
// strings that members called "api_key", "access_token", "password", … hold, also further down; in the form of a
// query (`is_form`), its secret parameters; anywhere, what looks like a provider's key. Fewer names than for fields,
// since much content has members called "key". Linear in the text's length.
std::string redacted_content(const Spec* spec, std::string_view text, bool is_form);

}  // namespace tokometer::provider
