// A table on a terminal: every column as wide as its widest cell; if the line is too long, the
// columns that may be shortened give way first, then whole columns go, the lowest rank first.
#include "cli/table.hpp"

#include "cli/ascii.hpp"
#include "lib/base/text.hpp"
#include "lib/base/time_zone.hpp"
#include "lib/base/utf8.hpp"

#include <algorithm>
#include <ostream>

namespace nufi::cli {

namespace {

constexpr int kGap = 2;

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

/// A point and millionths: what stands after the point where rows come later.
constexpr int kSteadyFraction = 7;

/// Columns before the decimal point; std::nullopt for a word in a column of numbers.
std::optional<int> before_point(const std::string& text) {
  const auto point = text.find('.');
  if (point == std::string::npos) return std::nullopt;
  return display_width(std::string_view(text).substr(0, point));
}

/// A column as it will be printed.
struct Shape {
  std::size_t index = 0;
  int width = 0;
  int point = 0;  ///< widest part before the point
};

std::string aligned(const std::string& text, const Shape& shape, Align align) {
  const int width = display_width(text);
  switch (align) {
    case Align::left:
      return text + spaces(shape.width - width);
    case Align::right:
      return spaces(shape.width - width) + text;
    case Align::point: {
      const auto before = before_point(text);
      if (!before) return spaces(shape.width - width) + text;
      const std::string left = spaces(shape.point - *before) + text;
      return left + spaces(shape.width - display_width(left));
    }
  }
  return text;
}

int line_width(const std::vector<Shape>& shapes) {
  int width = 0;
  for (const Shape& shape : shapes) width += shape.width + kGap;
  return shapes.empty() ? 0 : width - kGap;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

/// No value may forge a column or a row, nor steer the terminal it may end on, where a byte that is
/// no UTF-8 may be a control character of its own.
std::string tsv_field(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, length, valid] = first_character(text);
    const bool is_raw_control = !valid && static_cast<unsigned char>(text.front()) < 0xa0;
    if ((valid && !is_printable(code)) || is_raw_control) {
      out += ' ';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

/// `cell` in lines of `width`, those after the first indented to stand below it.
std::string wrapped_below(const Cell& cell, int width, int indent, bool colour) {
  std::string text;
  for (const std::string& line : wrapped(cell.shown, width)) {
    if (!text.empty()) text += '\n' + spaces(indent);
    text += toned(line, cell.tone, colour);
  }
  return text;
}

void trim_end(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

}  // namespace

std::string toned(const std::string& text, Tone tone, bool colour) {
  if (!colour || text.empty()) return text;
  switch (tone) {
    case Tone::plain:
      return text;
    case Tone::dim:
      return "\x1b[2m" + text + "\x1b[0m";
    case Tone::strong:
      return "\x1b[1m" + text + "\x1b[0m";
    case Tone::good:
      return "\x1b[32m" + text + "\x1b[0m";
    case Tone::warning:
      return "\x1b[33m" + text + "\x1b[0m";
    case Tone::bad:
      return "\x1b[31m" + text + "\x1b[0m";
  }
  return text;
}

Cell text_cell(const std::string& text, Tone tone) {
  return {text.empty() ? "-" : printable(text), text, tone};
}

Cell money_cell(const std::optional<domain::Money>& amount) {
  if (!amount) return {"-", "", Tone::dim};
  return {human_money(*amount), domain::format_usd(*amount)};
}

Cell count_cell(const std::optional<std::int64_t>& count) {
  if (!count) return {"-", "", Tone::dim};
  return {human_count(*count), std::to_string(*count)};
}

Cell list_cell(const std::vector<std::string>& list, const std::string& when_empty) {
  std::string shown;
  std::string raw;
  for (const std::string& item : list) {
    if (!raw.empty()) {
      raw += ',';
      shown += ", ";
    }
    raw += item;
    shown += item;
  }
  return list.empty() ? Cell{when_empty, "", Tone::dim} : Cell{printable(shown), raw};
}

Cell ago_cell(const std::optional<Timestamp>& then, Timestamp now) {
  if (!then) return {"never", "", Tone::dim};
  return {human_ago(*then, now), format_rfc3339(*then)};
}

Cell until_cell(const std::optional<Timestamp>& then, Timestamp now) {
  if (!then) return {"never", "", Tone::dim};
  return {human_until(*then, now), format_rfc3339(*then)};
}

void Table::add(std::vector<Cell> row) {
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, const Screen& screen, Header header) const {
  if (!screen.unicode) {
    // Before anything is measured: some signs take more room in ASCII.
    Table ascii = *this;
    bool differs = false;
    for (auto& row : ascii.rows_) {
      for (Cell& cell : row) {
        std::string shown = to_ascii(cell.shown);
        differs = differs || shown != cell.shown;
        cell.shown = std::move(shown);
      }
    }
    if (differs) return ascii.print(out, screen, header);
  }
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].only_raw) continue;
    Shape shape{i, std::max(display_width(columns_[i].title), columns_[i].steady), 0};
    int after = 0;
    for (const auto& row : rows_) {
      const int width = display_width(row[i].shown);
      shape.width = std::max(shape.width, width);
      const auto before = before_point(row[i].shown);
      if (!before) continue;
      shape.point = std::max(shape.point, *before);
      after = std::max(after, width - *before);
    }
    if (columns_[i].align == Align::point) {
      if (columns_[i].steady > 0) after = std::max(after, kSteadyFraction);
      shape.width = std::max(shape.width, shape.point + after);
      // Right-aligned as a whole under its title.
      shape.point = shape.width - after;
    }
    if (columns_[i].steady > 0 && columns_[i].align == Align::left)
      shape.width = columns_[i].steady;
    shapes.push_back(shape);
  }
  const auto shrink = [&] {
    // One column of the widest at a time: what is short stays whole.
    while (line_width(shapes) > screen.width) {
      auto widest = shapes.end();
      for (auto shape = shapes.begin(); shape != shapes.end(); ++shape) {
        const int least = columns_[shape->index].shrinks_to;
        if (least == 0 || shape->width <= least) continue;
        if (widest == shapes.end() || shape->width > widest->width) widest = shape;
      }
      if (widest == shapes.end()) return;
      --widest->width;
    }
  };
  const auto natural = shapes;
  while (true) {
    shrink();
    if (line_width(shapes) <= screen.width) break;
    // Too narrow even so: without the least of what is left, and everything else in full again.
    auto least = shapes.end();
    for (auto shape = shapes.begin(); shape != shapes.end(); ++shape) {
      const int rank = columns_[shape->index].rank;
      if (rank > 0 && (least == shapes.end() || rank < columns_[least->index].rank)) least = shape;
    }
    if (least == shapes.end()) break;
    shapes.erase(least);
    for (Shape& shape : shapes) {
      for (const Shape& full : natural) {
        if (full.index == shape.index) shape.width = full.width;
      }
    }
  }
  std::string line;
  for (const Shape& shape : shapes) {
    const Align align = columns_[shape.index].align == Align::left ? Align::left : Align::right;
    line += aligned(columns_[shape.index].title, shape, align) + spaces(kGap);
  }
  trim_end(line);
  if (header == Header::shown) {
    out << toned(shorten(line, screen.width, screen.unicode), Tone::dim, screen.colour) << '\n';
  }
  for (const auto& row : rows_) {
    line.clear();
    int room = screen.width;
    for (const Shape& shape : shapes) {
      if (room <= 0) break;
      const Cell& cell = row[shape.index];
      const int width = std::min(shape.width, room);
      const bool last = shape.index == shapes.back().index;
      if (last && columns_[shape.index].wraps) {
        line += wrapped_below(cell, width, screen.width - room, screen.colour);
        break;
      }
      const std::string text = shorten(
          aligned(
              shorten(cell.shown, shape.width, screen.unicode), shape, columns_[shape.index].align),
          width,
          screen.unicode);
      std::string end = last ? text : text + spaces(std::min(kGap, room - width));
      const auto blank = end.find_last_not_of(' ') + 1;
      line += toned(end.substr(0, blank), cell.tone, screen.colour);
      if (!last) line += end.substr(blank);
      room -= width + kGap;
    }
    trim_end(line);
    out << line << '\n';
  }
}

void Table::print_tsv(std::ostream& out, bool colour) const {
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out << '\t';
      out << toned(tsv_field(row[i].raw), row[i].tone, colour);
    }
    out << '\n';
  }
}

void Table::print_csv(std::ostream& out) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out << ',';
    const Column& column = columns_[i];
    out << csv_field(column.csv_name.empty() ? to_lower(column.title) : column.csv_name);
  }
  out << '\n';
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out << ',';
      out << csv_field(row[i].raw);
    }
    out << '\n';
  }
}

}  // namespace nufi::cli
