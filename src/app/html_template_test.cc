#include "app/html_template.h"

#include <gtest/gtest.h>

namespace tokometer::app {
namespace {

TEST(HtmlTemplate, EscapesWhatComesFromTheWire) {
  HtmlValues values;
  values.set("model", R"(<script>'x' & "y"</script>{{model}})");
  EXPECT_EQ(fill_html(R"(<b title="{{model}}">)", values),
            R"(<b title="&lt;script&gt;&#39;x&#39; &amp; &quot;y&quot;&lt;/script&gt;{{model}}">)");
}

TEST(HtmlTemplate, RepeatsSectionsWithTheValuesAround) {
  HtmlValues values;
  values.set("a", "1").set("b", "2");
  values.add("rows").set("b", "3");
  values.add("rows");
  values.show("no", false);
  values.show("yes", true);
  EXPECT_EQ(fill_html("{{#rows}}{{a}}{{b}},{{/rows}};{{#no}}n{{/no}}{{^no}}N{{/no}}{{#yes}}y{{/yes}}{{^yes}}Y{{/yes}}",
                      values),
            "13,12,;Ny");
}

TEST(HtmlTemplate, ARowMayHaveRowsOfItsOwn) {
  HtmlValues values;
  HtmlValues& row = values.add("rows");
  row.add("cells").set("x", "1");
  row.add("cells").set("x", "2");
  EXPECT_EQ(fill_html("{{#rows}}<{{#cells}}{{x}}{{/cells}}>{{/rows}}", values), "<12>");
}

TEST(HtmlTemplateDeathTest, WhatIsNotSetIsABug) {
  EXPECT_DEATH(fill_html("{{x}}", {}), "scope");
  EXPECT_DEATH(fill_html("{{#x}}{{/x}}", {}), "scope");
  EXPECT_DEATH(fill_html("{{x", {}), "found");
}

}  // namespace
}  // namespace tokometer::app
