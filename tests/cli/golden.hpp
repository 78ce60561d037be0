#pragma once

#include "tests/cli/console.hpp"

#include <functional>
#include <string>
#include <vector>

/// What commands print, kept in files and compared letter by letter: a scene is one command line
/// and what the daemon answers to it, and tests/cli/golden/<name>.txt holds what each kind of
/// reader sees: a terminal at three widths, one without UTF-8, a pipe, a program that asks for
/// JSON, …
///
/// To add one: put a row into a list of scenes (golden_keys.cpp and its neighbours, or a list of
/// your own that is declared here and named in golden_test.cpp), run
///   NUFI_GOLDEN=write build/tests/cli/test_cli -tc='golden*'
/// and read the file it wrote as the person would for whom it is printed.
/// Every command needs one, or a reason in golden_test.cpp why it has none.
namespace nufi::test {

struct Scene {
  std::string name;                ///< of the file; several scenes may show one command
  std::vector<std::string> words;  ///< without --json and the like
  /// Tells a new console what the daemon answers; also `input`, `is_down`, … if it matters.
  std::function<void(Console&)> prepare = {};
  /// Which readers there are beside terminals of three widths, and a pipe.
  enum class Readers {
    all,     ///< lists and reports: ASCII, --json, -q
    action,  ///< what only says that it is done: --json, -q
    text,    ///< what has no other form: nobody else
  } readers = Readers::all;
  bool csv = false;     ///< has --csv
  bool colour = false;  ///< is shown in colour as well
  bool quiet = true;    ///< has -q
  /// Prints instead of the words, for a command that first looks at this machine.
  std::function<void(cli::Context&)> act = {};
};

std::vector<Scene> daemon_scenes();     // golden_daemon.cpp: status, doctor, nufi alone
std::vector<Scene> keys_scenes();       // golden_keys.cpp: keys, check
std::vector<Scene> reports_scenes();    // golden_reports.cpp: usage, requests, profile, audit, …
std::vector<Scene> upstreams_scenes();  // golden_upstreams.cpp: upstreams, models, prices, reprice
std::vector<Scene> doors_scenes();      // golden_doors.cpp: tokens
std::vector<Scene> people_scenes();     // golden_people.cpp: accounts, projects, groups, config
std::vector<Scene> traces_scenes();     // golden_traces.cpp: traces

/// All that is printed in `scene`, with a headline for each reader.
std::string play(const Scene& scene);

}  // namespace nufi::test
