#pragma once

#include "cli/config.hpp"
#include "cli/table.hpp"
#include "lib/api/client.hpp"
#include "lib/api/shapes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace nufi::cli {

/// A list as each kind of reader wants it.
struct Listing {
  /// An array, for --json; made only then. It reads what the list was made of.
  std::function<api::Json()> items;
  std::vector<std::string> ids;  ///< for --quiet
  Table table;                   ///< for terminals and pipes
  std::string when_empty;        ///< said to a person instead of an empty table
};

/// The items of `views`, which must live until they are printed.
template <class View>
std::function<api::Json()> items_of(const std::vector<View>& views) {
  return [&views] {
    api::Json items = api::Json::array();
    for (const View& view : views) items.push_back(api::to_json(view));
    return items;
  };
}

/// The world of a command: everything it reads, asks and prints goes through here.
class Context {
 public:
  Context(std::istream& in_stream,
          std::ostream& out_stream,
          std::ostream& err_stream,
          const Clock& the_clock)
      : in(in_stream), out(out_stream), err(err_stream), clock(the_clock) {}

  std::istream& in;
  std::ostream& out;  ///< results
  std::ostream& err;  ///< everything else
  const Clock& clock;
  Config config;
  Screen screen;                ///< of `out`
  bool in_is_terminal = false;  ///< somebody can be asked
  bool err_is_terminal = false;
  bool err_in_colour = false;
  std::string program_dir;               ///< where nufi itself is, or ""
  std::vector<std::string> environment;  ///< "NAME=value", for programs that nufi runs
  /// Makes the way to the daemon at a socket path; a test gives a fake.
  std::function<std::unique_ptr<api::Transport>(const std::string& socket)> connect;
  /// Asks for a secret without echo.
  std::function<Secret(const std::string& prompt)> ask_secret;

  /// Waits that long between two looks at the daemon. False: stop looking.
  std::function<bool(std::chrono::milliseconds)> pause;
  /// Shows a text that is longer than the screen in a pager; false: there is none. Null: likewise.
  std::function<bool(const std::string&)> page;
  /// Whoever reads the output has closed it; null: nobody can.
  std::function<bool()> reader_has_left;

  // What the command line said.
  std::string socket;  ///< --socket, or ""
  bool json = false;
  bool quiet = false;
  bool yes = false;
  bool no_pager = false;
  std::vector<std::string> command;  ///< CMD of `nufi run`, which nufi does not read as its own
  int exit_code = 0;                 ///< of a command that ended well but has bad news
  int ends_by_signal = 0;            ///< main is to end by this signal instead

  /// The socket to talk to.
  [[nodiscard]] std::string socket_path() const;
  /// The daemon. Connects at the first call.
  api::Client& client();
  /// A new connection, e.g. to look whether it is there by now.
  [[nodiscard]] api::Client new_client() const;

  /// For people, on stderr; not with --quiet.
  void note(const std::string& text) const;
  void print(const Listing& listing) const;
  /// A finished text of lines: in a pager if it is longer than the terminal.
  void print_text(const std::string& text) const;
  /// One thing: its JSON with --json, its id with --quiet, its fields as TSV in a pipe, else
  /// `rows` of label and value.
  using Rows = std::vector<std::pair<std::string, Cell>>;
  void print(const api::Json& json, const std::string& id, const Rows& rows) const;
  /// What came of an action: JSON with --json, the id with --quiet, else `sentence` as a note.
  void print_done(const api::Json& json, const std::string& id, const std::string& sentence) const;
  /// Labels and values for a person, wrapped to the screen.
  void print_rows(const Rows& rows) const;
  void print_json(const api::Json& json) const;
  /// `json`'s fields (see fields.hpp), one a line: name, tab, value.
  void print_fields(const api::Json& json) const;

  /// True if there is a person at the terminal to answer a question.
  [[nodiscard]] bool can_ask() const { return in_is_terminal && err_is_terminal; }
  /// Asks before something that can't be undone ("revoke key 'laptop'"). Throws Error{usage} if the
  /// answer is no, or if nobody can be asked and --yes was not given.
  void confirm(const std::string& action);

 private:
  std::unique_ptr<api::Client> client_;
};

}  // namespace nufi::cli
