#include "tests/cli/golden.hpp"

#include "cli/context.hpp"
#include "cli/root.hpp"

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

using namespace nufi;
using test::Scene;

namespace {

namespace fs = std::filesystem;

std::vector<Scene> all_scenes() {
  std::vector<Scene> scenes;
  for (const auto& some : {test::daemon_scenes(),
                           test::keys_scenes(),
                           test::reports_scenes(),
                           test::upstreams_scenes(),
                           test::doors_scenes(),
                           test::people_scenes(),
                           test::traces_scenes()}) {
    scenes.insert(scenes.end(), some.begin(), some.end());
  }
  return scenes;
}

/// Commands that have no scene, and why.
const std::map<std::string, std::string> kWithoutScene = {
    {"up", "starts a process: tests/e2e/golden"},
    {"down", "waits for a process: tests/e2e/golden"},
    {"restart", "starts a process: tests/e2e/golden"},
    {"run", "runs a program: tests/e2e/golden"},
    {"backup", "writes a file: tests/e2e/golden"},
    {"console", "asks a port of nufid for a link: tests/e2e/golden"},
    {"completion", "prints a program for a shell: tests/e2e/completion"},
};

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The first line in which two texts differ, of each.
std::string difference(const std::string& before, const std::string& now) {
  std::istringstream left(before);
  std::istringstream right(now);
  std::string section;
  for (int number = 1;; ++number) {
    std::string a;
    std::string b;
    const bool has_a = static_cast<bool>(std::getline(left, a));
    const bool has_b = static_cast<bool>(std::getline(right, b));
    if (has_a && has_b && a == b) {
      if (a.starts_with("=====")) section = a;
      continue;
    }
    if (!has_a && !has_b) return {};
    return "line " + std::to_string(number) + " of " + section + "\n  kept: " + a +
           "\n  now:  " + b;
  }
}

}  // namespace

TEST_CASE("golden: what each command prints is what it printed before") {
  const fs::path folder(NUFI_GOLDEN_DIR);
  const char* wish = std::getenv("NUFI_GOLDEN");
  const bool writes = wish != nullptr && std::string_view(wish) == "write";
  std::set<std::string> names;
  for (const Scene& scene : all_scenes()) {
    CAPTURE(scene.name);
    CHECK(names.insert(scene.name + ".txt").second);
    const fs::path path = folder / (scene.name + ".txt");
    const std::string text = test::play(scene);
    // What a scene forgot to answer would be kept as if it belonged there.
    CHECK(text.find("no answer for ") == std::string::npos);
    if (writes) {
      std::ofstream(path, std::ios::binary) << text;
    } else if (const std::string before = read(path); before != text) {
      FAIL_CHECK(difference(before, text));
    }
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(names.count(name) == 1);
  }
}

TEST_CASE("golden: every command has a scene, or a reason to have none") {
  const test::StillClock clock;
  std::istringstream in;
  std::ostringstream out;
  cli::Context context(in, out, out, clock);
  const auto root = cli::make_root(context);
  const auto scenes = all_scenes();
  std::set<std::string> paths;
  for (const CLI::App* command : cli::leaf_commands(*root)) {
    if (command->get_group().empty()) continue;  // not for people
    const std::string path = cli::path_of(*command);
    paths.insert(path);
    const auto words = split(path, ' ');
    const bool has_scene = std::any_of(scenes.begin(), scenes.end(), [&](const Scene& scene) {
      return scene.words.size() >= words.size() &&
             std::equal(words.begin(), words.end(), scene.words.begin());
    });
    CAPTURE(path);
    CHECK(has_scene != (kWithoutScene.count(path) == 1));
  }
}

TEST_CASE("golden: no line of a table or a report is wider than the terminal") {
  for (const Scene& scene : all_scenes()) {
    if (scene.readers != Scene::Readers::all) continue;
    std::istringstream lines(test::play(scene));
    int width = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("=====")) {
        width = 0;
        if (line.find("terminal, 60") != std::string::npos) width = 60;
        if (line.find("terminal, 80") != std::string::npos) width = 80;
        if (line.find("terminal, 140") != std::string::npos) width = 140;
        if (line.find("without UTF-8") != std::string::npos) width = 80;
        continue;
      }
      // A command stays in one piece, to be copied.
      if (width == 0 || line.starts_with("nufi ")) continue;
      CAPTURE(scene.name);
      CAPTURE(line);
      CHECK(cli::display_width(line) <= width);
    }
  }
}

TEST_CASE(
    "golden: a terminal without UTF-8 gets ASCII, and a pipe no escapes and no JSON in cells") {
  for (const Scene& scene : all_scenes()) {
    std::istringstream lines(test::play(scene));
    std::string section;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("=====")) section = line;
      CAPTURE(scene.name);
      CAPTURE(section);
      CAPTURE(line);
      if (section.find("without UTF-8") != std::string::npos) {
        const bool is_ascii =
            std::all_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x80; });
        CHECK((is_ascii || line.starts_with("=====")));
      }
      if (section.starts_with("===== pipe")) {
        CHECK(line.find("\\e") == std::string::npos);
        // What a model was sent may be JSON: it is the data then.
        if (!scene.words.empty() && scene.words.front() == "traces") continue;
        CHECK(line.find("⇥{") == std::string::npos);
        CHECK(line.find("⇥[") == std::string::npos);
      }
    }
  }
}
