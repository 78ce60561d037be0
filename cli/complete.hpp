#pragma once

#include "cli/context.hpp"

#include <string>
#include <vector>

/// What can stand where the cursor is, for the completions of the shells: `nufi __complete`. The
/// commands and options are those of the tree that parses command lines; names are asked of nufid.
namespace nufi::cli {

struct Candidate {
  std::string value;
  std::string description;  ///< may be ""
};

/// Who knows what can be there.
enum class Source { words, files, variables, command };

struct Completion {
  Source source = Source::words;
  std::string prefix;                 ///< of the word, that all values stand behind: "--key="
  std::size_t command = 0;            ///< Source::command: how many words come before it
  std::vector<Candidate> candidates;  ///< Source::words; they need not begin as the word does
};

/// `words` are those after "nufi" as they are meant, without quotes; the last one is being typed,
/// and "" if it has not begun. Waits for nufid a moment at most, and does without it then.
Completion complete(Context& context, const std::vector<std::string>& words);

/// `nufi __complete …`, which is for shells and not in any help:
///   -- WORDS…         one line `SOURCE <tab> PREFIX` (command: `command <tab> COUNT`), then for
///                     each candidate `VALUE <tab> DESCRIPTION`
///   --bash LINE WORD  LINE as it was typed so far, WORD is the part of it that bash replaces: the
///                     same first line, then each candidate quoted as it goes into the line
///   --tree            the whole command tree as JSON
/// Returns the exit code.
int run_complete(Context& context, const std::vector<std::string>& arguments);

}  // namespace nufi::cli
