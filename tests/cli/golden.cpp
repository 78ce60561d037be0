#include "tests/cli/golden.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nufi::test {

namespace {

/// One reader of a scene.
struct Reader {
  std::string title;
  std::vector<std::string> more;  ///< words that come after the scene's
  int columns = 0;                ///< of a terminal; 0 = a pipe
  bool unicode = true;
  bool colour = false;
};

/// Escapes, tabs and blanks at the end of a line as text, so that a file can be read and compared
/// anywhere.
std::string visible(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && out.ends_with(' ')) out.replace(out.size() - 1, 1, "<space>");
    if (c == '\x1b') {
      out += "\\e";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "⇥";
    } else {
      out += c;
    }
  }
  return out;
}

std::string typed(const std::vector<std::string>& words) {
  std::string line = "nufi";
  for (const std::string& word : words) {
    const bool is_plain = !word.empty() && word.find_first_of(" *?'\"$") == std::string::npos;
    line += is_plain ? " " + word : " '" + word + "'";
  }
  return line;
}

std::string look(const Scene& scene, const Reader& reader) {
  Console console;
  if (scene.prepare) scene.prepare(console);
  console.is_terminal = reader.columns > 0;
  console.can_ask = reader.columns > 0;
  console.width = reader.columns > 0 ? reader.columns : 80;
  console.unicode = reader.unicode;
  console.colour = reader.colour;
  auto words = scene.words;
  // What comes after -- is not nufi's.
  const auto end = std::find(words.begin(), words.end(), "--");
  words.insert(end, reader.more.begin(), reader.more.end());
  const auto has = [&reader](const char* word) {
    return std::find(reader.more.begin(), reader.more.end(), word) != reader.more.end();
  };
  const Run run = scene.act ? console.act([&](cli::Context& context) {
    context.json = has("--json");
    context.quiet = has("-q");
    scene.act(context);
    return context.exit_code;
  })
                            : console.run(words);
  std::string text = fmt::format("===== {}: {}\n", reader.title, typed(words));
  text += visible(run.out);
  if (!run.err.empty()) text += "----- stderr\n" + visible(run.err);
  if (!text.ends_with('\n')) text += "<no end of line>\n";
  if (run.code != 0) text += fmt::format("----- exit {}\n", run.code);
  return text;
}

}  // namespace

std::string play(const Scene& scene) {
  using Readers = Scene::Readers;
  const bool all = scene.readers == Readers::all;
  std::vector<Reader> readers;
  readers.push_back({"terminal, 60 columns", {}, 60});
  readers.push_back({"terminal, 80 columns", {}, 80});
  readers.push_back({"terminal, 140 columns", {}, 140});
  if (all) readers.push_back({"terminal without UTF-8", {}, 80, /*unicode=*/false});
  if (scene.colour) readers.push_back({"in colour", {}, 80, /*unicode=*/true, /*colour=*/true});
  readers.push_back({"pipe", {}});
  if (scene.csv) readers.push_back({"CSV", {"--csv"}});
  // Nobody can be asked there: what is dangerous is shown refused in the pipe, and done from here
  // on.
  const bool asks = look(scene, readers.back()).find("hint: add --yes") != std::string::npos;
  const auto more = [asks](std::vector<std::string> words) {
    if (asks) words.emplace_back("--yes");
    return words;
  };
  if (scene.quiet && scene.readers != Readers::text) readers.push_back({"quiet", more({"-q"})});
  if (scene.readers != Readers::text) readers.push_back({"JSON", more({"--json"})});
  std::string text;
  for (const Reader& reader : readers) text += look(scene, reader);
  return text;
}

}  // namespace nufi::test
