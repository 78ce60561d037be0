#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

/// One `key=value` of a line. Values are escaped; a Secret does not convert to one.
struct Field {
  Field(std::string_view name_in, std::string_view value_in) : name(name_in), value(value_in) {}
  Field(std::string_view name_in, long long value_in)
      : name(name_in), value(std::to_string(value_in)), is_number(true) {}
  std::string_view name;
  std::string value;
  bool is_number = false;
};

/// Where lines go (stderr) and which: call once at start, before other threads run.
void configure(Level least, Format format);

/// True if a line of `level` would be written; ask before building an expensive one.
bool enabled(Level level) noexcept;

/// Writes one line: time, level, `event` (a short constant phrase) and the fields. Thread-safe;
/// hands the line to a background writer, so a slow terminal does not stop the caller.
///   error    we stop or lose data          warning  the operator must act
///   info     rare, not caused by a caller  debug    everything else
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

/// Writes out what is still waiting; call before the process ends.
void flush();

/// "debug" … "error". Throws Error{invalid} for another word.
Level level_from_name(std::string_view name);

}  // namespace nufi::log
