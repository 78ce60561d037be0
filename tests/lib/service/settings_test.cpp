#include "lib/service/settings.hpp"

#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using test::ControlPlane;
using test::failure_of;

TEST_CASE("settings: what is not set has its default") {
  const ControlPlane plane;
  const auto values = read_settings(plane.context().store.settings());
  CHECK(values.timezone.name() == "UTC");
  CHECK(values.hold_wait == std::chrono::seconds(2));
  CHECK_FALSE(values.default_budget);
  CHECK(values.budget_status == 429);
  for (const SettingView& setting : list_settings(plane.context(), plane.owner())) {
    CHECK_FALSE(setting.value);
    CHECK_FALSE(setting.description.empty());
  }
}

TEST_CASE("settings: a change is kept, announced and can be taken back") {
  const ControlPlane plane;
  change_settings(
      plane.context(), plane.owner(), {{"hold_wait", "500ms"}, {"timezone", "Europe/Berlin"}});
  REQUIRE(plane.announced);
  CHECK(plane.announced->hold_wait == std::chrono::milliseconds(500));
  CHECK(plane.announced->timezone.name() == "Europe/Berlin");
  change_settings(plane.context(), plane.owner(), {{"hold_wait", std::nullopt}});
  CHECK(plane.announced->hold_wait == std::chrono::seconds(2));
  CHECK(plane.announced->timezone.name() == "Europe/Berlin");
}

TEST_CASE("settings: rows of calls may be kept forever") {
  const ControlPlane plane;
  CHECK(read_settings(plane.context().store.settings()).keep_days == 90);
  change_settings(plane.context(), plane.owner(), {{"keep_days", "forever"}});
  REQUIRE(plane.announced);
  CHECK_FALSE(plane.announced->keep_days);
  change_settings(plane.context(), plane.owner(), {{"keep_days", std::nullopt}});
  CHECK(plane.announced->keep_days == 90);
}

TEST_CASE("settings: a bad value changes nothing of the whole wish") {
  const ControlPlane plane;
  const SettingChanges wish = {{"default_budget_usd", "20"}, {"timezone", "Mars/Olympus"}};
  CHECK(failure_of([&] {
          change_settings(plane.context(), plane.owner(), wish);
        }).starts_with("invalid"));
  CHECK(plane.context().store.settings().all().empty());
}

TEST_CASE("settings: unknown names and members are refused") {
  const ControlPlane plane;
  CHECK(failure_of([&] {
          change_settings(plane.context(), plane.owner(), {{"timezon", "UTC"}});
        }) == "invalid: there is no setting called 'timezon'");
  CHECK(failure_of([&] {
          change_settings(plane.context(), plane.member(), {{"timezone", "UTC"}});
        }).starts_with("not_permitted"));
}

TEST_CASE("settings: each refuses what it can't hold") {
  const ControlPlane plane;
  const auto refuses = [&](const char* name, const char* value) {
    return failure_of([&] {
             change_settings(plane.context(), plane.owner(), {{name, value}});
           })
        .starts_with("invalid");
  };
  CHECK(refuses("hold_wait", "-1s"));
  CHECK(refuses("hold_wait", "2h"));
  CHECK(refuses("hold_wait", "soon"));
  CHECK(refuses("default_budget_usd", "-5"));
  CHECK(refuses("default_budget_period", "minute"));
  CHECK(refuses("on_disconnect", "wait"));
  CHECK(refuses("budget_status", "500"));
}

TEST_CASE("settings: one that holds one of a few words tells them, and takes no other") {
  const ControlPlane plane;
  int chosen = 0;
  for (const SettingView& setting : list_settings(plane.context(), plane.owner())) {
    if (setting.words.empty()) continue;
    ++chosen;
    CAPTURE(setting.name);
    for (const std::string& word : setting.words) {
      change_settings(plane.context(), plane.owner(), {{setting.name, word}});
      // The description names them as well.
      const bool is_told = setting.description.find(word) != std::string::npos;
      CHECK(is_told);
    }
    CHECK(failure_of([&] {
            change_settings(plane.context(), plane.owner(), {{setting.name, "nothing like it"}});
          }).starts_with("invalid: " + setting.name + " must be " + setting.words.front()));
  }
  CHECK(chosen == 5);
}
