// Fills HTML templates (data/pages/*.html): of Mustache (mustache(5)) what our pages need.
//
//   HtmlValues page;
//   page.set("version", "0.1.0");
//   page.add("models").set("model", event.response_model);
//   page.show("broken", !healthy);
//   fill_html("<p>{{version}}</p>{{#models}}<b>{{model}}</b>{{/models}}{{^broken}}fine{{/broken}}", page);
//
// Every value is escaped, for text and for attributes in quotes: there is no way to put markup in, since some values
// come from the wire. A template that asks for what was not set is a bug of ours.
//
// Not here: what is shown (overview_page.h), and how much of it: who fills in rows counts them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tokometer::app {

class HtmlValues {
 public:
  HtmlValues& set(std::string_view name, std::string value);
  // One more round of the section {{#name}}…{{/name}}, with values of its own besides ours. The reference lives until
  // the next call.
  HtmlValues& add(std::string_view name);
  // {{#name}}…{{/name}} once or not at all, and {{^name}}…{{/name}} the other way round.
  void show(std::string_view name, bool shown);

 private:
  friend class HtmlFiller;
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::vector<HtmlValues>, std::less<>> sections_;
};

std::string fill_html(std::string_view text, const HtmlValues& values);

}  // namespace tokometer::app
