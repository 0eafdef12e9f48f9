// A price file as text that price_file.h reads back: a line for each model.
#pragma once

#include <string>
#include <string_view>

#include "json/writer.h"
#include "pricing/price_file.h"

namespace tokometer::pricing {

// The prices of `entry` as members of the object that is open, as price files have them: of tokens by unit, length of
// the request and tier, of tools and requests, and surcharges.
void write_figures(json::Writer& writer, const Entry& entry);

// Names `text` among the sources of `file`, by `name` or one like it that is free.
void add_source(PriceFile& file, std::string_view name, std::string_view text);

// "00:30-16:30", in UTC.
std::string hours_text(const Hours& hours);

// `schema`: what its "$schema" is to say; empty: none. Sources of entries must be among those of the file.
std::string price_file_text(const PriceFile& file, std::string_view schema = {});

}  // namespace tokometer::pricing
