// What a spec reads from outside of content: fields, the path and the query of a request.
#pragma once

#include <string_view>
#include <vector>

#include "meter/findings.h"
#include "provider/format.h"
#include "provider/spec.h"
#include "wire/fields.h"

namespace tokometer::meter {

// Takes what `picks` want of `fields`.
void take_fields(const std::vector<provider::HeadPick>& picks, wire::Fields fields, Findings& findings);

// Takes what the format of `endpoint`, which has one, wants of the request's `target`.
void take_target(const provider::Spec& spec, const provider::Endpoint& endpoint, std::string_view target,
                 Findings& findings);

}  // namespace tokometer::meter
