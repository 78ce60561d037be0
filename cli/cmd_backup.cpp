#include "cli/commands.hpp"
#include "cli/new_file.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <ostream>

namespace nufi::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLook{200};

api::Backup wait_until_ready(Context& context, Progress& progress) {
  progress.show("copying");
  api::Client& client = context.client();
  api::Backup backup = client.start_backup();
  while (backup.state == "copying") {
    progress.show("copying", backup.pages_done, backup.pages);
    if (!context.pause(kLook)) break;
    backup = client.backup(backup.id);
  }
  progress.end();
  if (backup.state == "ready") return backup;
  throw Error(Errc::unavailable, "nufid can't make the backup: " + backup.problem);
}

void fetch(Context& context, const api::Backup& backup, NewFile& file, Progress& progress) {
  for (std::int64_t offset = 0; offset < backup.bytes;) {
    const std::string piece = context.client().backup_content(backup.id, offset);
    if (piece.empty()) throw Error(Errc::unavailable, "the backup ended too early");
    file.write(piece);
    offset += static_cast<std::int64_t>(piece.size());
    progress.show("fetching", offset, backup.bytes);
  }
  progress.end();
}

void back_up(Context& context, const fs::path& path, bool with_key) {
  const fs::path key_path = path.string() + ".key";
  Progress progress(context, "no backup was made");
  progress.show("asking nufid");
  const std::string data_dir = context.client().status().data_dir;
  progress.end();
  check_new_file(path, data_dir);
  if (with_key) check_new_file(key_path, data_dir);
  if (fs::exists(path)) context.confirm("replace " + path.string());
  if (with_key && fs::exists(key_path)) context.confirm("replace " + key_path.string());
  NewFile file(path, data_dir);
  Progress::remove_when_interrupted(file.draft().string());
  const api::Backup backup = wait_until_ready(context, progress);
  fetch(context, backup, file, progress);
  if (with_key) {
    NewFile key_file(key_path, data_dir);
    key_file.write(context.client().backup_key(backup.id).expose());
    key_file.finish();
  }
  file.finish();
  context.client().remove_backup(backup.id);

  api::Json json;
  json["file"] = path.string();
  json["bytes"] = backup.bytes;
  json["key_file"] = with_key ? api::Json(key_path.string()) : api::Json(nullptr);
  const std::string about_key =
      with_key ? "the key file, which opens the upstreams' secrets in it, is " + key_path.string()
               : "without the key file the upstreams' secrets in it can't be opened: keep a copy "
                 "of secret.key, or use --with-key";
  context.print_done(
      json, path.string(), fmt::format("backed up to {}; {}", path.string(), about_key));
}

}  // namespace

void add_backup_command(CLI::App& root, Context& context) {
  struct Options {
    std::string file;
    bool with_key = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("backup", "copy the database to a file while everything goes on");
  command->add_option("FILE", options->file, "where to; read it back with: nufid --restore FILE")
      ->required()
      ->type_name("FILE");
  add_switch(*command,
             "--with-key",
             "copy the key file to FILE.key: it opens the secrets in the backup",
             options->with_key);
  add_output_options(*command, context);
  add_yes_option(*command, context);
  command->callback([options, &context] { back_up(context, options->file, options->with_key); });
}

}  // namespace nufi::cli
