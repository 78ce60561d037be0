// Lines are made by the caller and written by a thread of spdlog's, so that a slow terminal never
// stops a call. When the queue is full the oldest line goes: a log must not hold up the service.
#include "lib/base/log.hpp"

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unistd.h>

namespace nufi::log {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

std::string_view level_name(Level level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody is left to be told
    line.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Writes finished lines and counts how often it was asked to have written everything.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  [[nodiscard]] std::uint64_t flushes() const {
    const std::lock_guard lock(flush_mutex_);
    return flushes_;
  }
  /// Waits until it was flushed more than `seen` times; false if that takes too long.
  bool wait_for_flush_after(std::uint64_t seen, std::chrono::milliseconds patience) {
    std::unique_lock lock(flush_mutex_);
    return flushed_.wait_for(lock, patience, [&] { return flushes_ > seen; });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_to_stderr({message.payload.data(), message.payload.size()});
  }
  void flush_() override {
    const std::lock_guard lock(flush_mutex_);
    ++flushes_;
    flushed_.notify_all();
  }

 private:
  mutable std::mutex flush_mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

struct Output {
  std::atomic<Level> least{Level::info};
  Format format = Format::text;
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::async_logger> logger;  ///< null until configured: lines go out at once
};

Output& output() {
  static Output instance;
  return instance;
}

/// `\n`, `\"`, `\u001b`: the escapes of JSON, which both formats use.
void append_escaped(std::string& line, std::string_view value) {
  while (!value.empty()) {
    const Utf8Character character = first_character(value);
    switch (character.code) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        if (is_printable(character.code)) {
          append_utf8(line, character.code);
        } else if (character.code <= 0xFFFF) {
          line += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code));
        } else {
          const std::uint32_t rest = static_cast<std::uint32_t>(character.code) - 0x10000;
          line +=
              fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10U), 0xDC00 + (rest & 0x3FFU));
        }
    }
    value.remove_prefix(character.length);
  }
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  append_escaped(line, value);
  line += '"';
}

bool is_plain(std::string_view value) {
  for (const char c : value) {
    if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=') return false;
  }
  return !value.empty();
}

std::string text_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = format_rfc3339(SystemClock().now());
  line += ' ';
  line += level_name(level);
  line += ' ';
  append_escaped(line, event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    if (is_plain(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  return line + '\n';
}

std::string json_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = "{\"time\":\"" + format_rfc3339(SystemClock().now()) + "\",\"level\":";
  append_quoted(line, level_name(level));
  line += ",\"event\":";
  append_quoted(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    if (field.is_number) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  return line + "}\n";
}

}  // namespace

void configure(Level least, Format format) {
  constexpr std::size_t kQueuedLines = 8192;
  Output& out = output();
  out.least = least;
  out.format = format;
  out.sink = std::make_shared<StderrSink>();
  out.writer = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1U);
  out.logger = std::make_shared<spdlog::async_logger>(
      "nufi", out.sink, out.writer, spdlog::async_overflow_policy::overrun_oldest);
  out.logger->set_level(spdlog::level::trace);
}

bool enabled(Level level) noexcept {
  return level >= output().least.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  Output& out = output();
  const std::string line = out.format == Format::json ? json_line(level, event, fields)
                                                      : text_line(level, event, fields);
  if (out.logger) {
    out.logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } else {
    write_to_stderr(line);
  }
}

void flush() {
  // The request to flush can itself fall out of a full queue, so it is made again.
  constexpr int kTries = 4;
  constexpr std::chrono::milliseconds kPatience(500);
  Output& out = output();
  if (!out.logger) return;
  const std::uint64_t seen = out.sink->flushes();
  for (int i = 0; i < kTries; ++i) {
    out.logger->flush();
    if (out.sink->wait_for_flush_after(seen, kPatience)) return;
  }
}

Level level_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  throw Error(
      Errc::invalid, "there is no log level of that name", "use debug, info, warning or error");
}

}  // namespace nufi::log
