#pragma once

#include "cli/clipboard.hpp"
#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <string>

namespace CLI {
class App;
}

/// How a new secret is shown, the only time it can be: by create and by rotate.
namespace nufi::cli {

struct NewKeyOptions {
  bool env = false;
  bool copy = false;
};

/// --env, --copy and what every command has.
void add_new_key_options(CLI::App& command, Context& context, NewKeyOptions& options);

class NewKey {
 public:
  /// Tries all that can fail, so make it before the secret: throws Error{usage} without a way to
  /// the clipboard, and what asking the daemon for its address throws.
  NewKey(Context& context, const NewKeyOptions& options);

  /// Prints the secret of `view` as the options say. For a person `headline` stands above it, and
  /// `advice` above the two lines that use it.
  void print(const domain::KeyView& view,
             const std::string& headline,
             const std::string& advice = {}) const;

 private:
  Context& context_;
  const NewKeyOptions options_;
  Clipboard clipboard_;
  bool for_people_ = false;
  std::string base_url_;
};

}  // namespace nufi::cli
