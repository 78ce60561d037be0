#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace nufi::cli {

/// A command's help: what it is, examples, then usage, arguments, options and verbs, wrapped to
/// `width` columns.
class Help final : public CLI::FormatterBase {
 public:
  explicit Help(int width) : width_(width) {}
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override;

 private:
  int width_;
};

}  // namespace nufi::cli
