#pragma once

#include "cli/format.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace nufi::cli {

enum class Tone { plain, dim, strong, good, warning, bad };

/// `text` in the colour of `tone`; as it is without colour.
std::string toned(const std::string& text, Tone tone, bool colour);

/// One value: what people see on a terminal, and what programs get in a pipe.
struct Cell {
  std::string shown;
  std::string raw;
  Tone tone = Tone::plain;
};

Cell text_cell(const std::string& text, Tone tone = Tone::plain);
Cell money_cell(const std::optional<domain::Money>& amount);
Cell count_cell(const std::optional<std::int64_t>& count);
Cell list_cell(const std::vector<std::string>& list, const std::string& when_empty);
/// A moment that is over; `never` is shown when there was none.
Cell ago_cell(const std::optional<Timestamp>& then, Timestamp now);
/// A moment to come.
Cell until_cell(const std::optional<Timestamp>& then, Timestamp now);

enum class Align { left, right, point };

struct Column {
  std::string title;
  Align align = Align::left;
  /// Columns with a lower `rank` go first when the terminal is too narrow; 0 is never left out.
  int rank = 0;
  /// The fewest columns it can be shortened to; 0 = it is never shortened.
  int shrinks_to = 0;
  /// So wide whatever the rows of now hold, as others come later and shall stand below them. Words
  /// that are longer are cut, numbers never.
  int steady = 0;
  /// As the last column of a line it goes on in the lines below instead of being cut.
  bool wraps = false;
  /// Only in pipes: what would only be noise on a terminal.
  bool only_raw = false;
  /// Its name in CSV, where it is not the title in lower case.
  std::string csv_name = {};
};

/// How wide, and with what, a terminal shows things.
struct Screen {
  bool is_terminal = false;
  int width = 80;
  bool colour = false;
  bool unicode = false;
  int height = 0;  ///< lines; 0 = not known
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  enum class Header { shown, hidden };
  /// Aligned, with a header, in at most `screen.width` columns.
  void print(std::ostream& out, const Screen& screen, Header header = Header::shown) const;
  /// One line a row, separated by tabs, without a header; coloured only for who insists on it.
  void print_tsv(std::ostream& out, bool colour = false) const;
  /// As TSV, with a header, quoted as RFC 4180 says.
  void print_csv(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace nufi::cli
