#include "app/html_template.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.h"

namespace tokometer::app {

// Writes a template for the values of a section, within those of the sections around it.
class HtmlFiller {
 public:
  std::string take() { return std::move(out_); }

  void fill(std::string_view text, const HtmlValues& values) {
    scopes_.push_back(&values);
    for (;;) {
      const std::size_t open = text.find("{{");
      out_ += text.substr(0, open);
      if (open == std::string_view::npos) break;
      const std::string_view tag = cut(text, open + 2, "}}");
      if (tag.starts_with('#') || tag.starts_with('^')) {
        const std::string_view name = tag.substr(1);
        fill_section(cut(text, 0, "{{/" + std::string(name) + "}}"), name, tag.starts_with('^'));
      } else {
        write_escaped(find(&HtmlValues::texts_, tag));
      }
    }
    scopes_.pop_back();
  }

 private:
  // What stands from `begin` to `end`; `text` is what follows that.
  static std::string_view cut(std::string_view& text, std::size_t begin, std::string_view end) {
    const std::size_t found = text.find(end, begin);
    TOKOMETER_CHECK(found != std::string_view::npos);
    const std::string_view part = text.substr(begin, found - begin);
    text.remove_prefix(found + end.size());
    return part;
  }

  void fill_section(std::string_view text, std::string_view name, bool inverted) {
    const std::vector<HtmlValues>& rounds = find(&HtmlValues::sections_, name);
    if (inverted) {
      if (rounds.empty()) fill(text, {});
      return;
    }
    for (const HtmlValues& round : rounds) fill(text, round);
  }

  // The innermost of that name.
  template <typename T>
  const T& find(std::map<std::string, T, std::less<>> HtmlValues::* member, std::string_view name) const {
    const auto has = [&](const HtmlValues* scope) { return (scope->*member).contains(name); };
    const auto scope = std::ranges::find_if(scopes_ | std::views::reverse, has);
    TOKOMETER_CHECK(scope != scopes_.rend());
    return ((*scope)->*member).find(name)->second;
  }

  void write_escaped(std::string_view text) {
    for (const char c : text) {
      switch (c) {
        case '&':
          out_ += "&amp;";
          break;
        case '<':
          out_ += "&lt;";
          break;
        case '>':
          out_ += "&gt;";
          break;
        case '"':
          out_ += "&quot;";
          break;
        case '\'':
          out_ += "&#39;";
          break;
        default:
          out_ += c;
      }
    }
  }

  std::string out_;
  std::vector<const HtmlValues*> scopes_;
};

HtmlValues& HtmlValues::set(std::string_view name, std::string value) {
  texts_.insert_or_assign(std::string(name), std::move(value));
  return *this;
}

HtmlValues& HtmlValues::add(std::string_view name) { return sections_[std::string(name)].emplace_back(); }

void HtmlValues::show(std::string_view name, bool shown) {
  sections_[std::string(name)].assign(shown ? 1 : 0, HtmlValues());
}

std::string fill_html(std::string_view text, const HtmlValues& values) {
  HtmlFiller filler;
  filler.fill(text, values);
  return filler.take();
}

}  // namespace tokometer::app
