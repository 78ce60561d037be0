#include "cli/show_doctor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace nufi::cli {

using domain::HealthCheck;
using domain::HealthState;

namespace {

/// In this order; whatever a newer nufid looks at comes last.
constexpr std::array<std::string_view, 8> kGroups = {
    "daemon", "ports", "storage", "machine", "upstreams", "prices", "keys", "environment"};
constexpr int kStateWidth = 7;
constexpr int kGap = 2;

std::string group_of(const HealthCheck& check) {
  return check.name.substr(0, check.name.find('.'));
}

/// "time zone" of "machine.time_zone". What is named by others stays as it is.
std::string label_of(const HealthCheck& check) {
  const auto point = check.name.find('.');
  if (point == std::string::npos) return check.name;
  std::string label = check.name.substr(point + 1);
  const std::string group = group_of(check);
  if (group != "upstreams" && group != "environment") {
    std::replace(label.begin(), label.end(), '_', ' ');
  }
  return printable(label);
}

auto rank_of(const HealthCheck& check) {
  return std::find(kGroups.begin(), kGroups.end(), group_of(check)) - kGroups.begin();
}

Tone tone_of(HealthState state) {
  switch (state) {
    case HealthState::ok:
      return Tone::good;
    case HealthState::warning:
      return Tone::warning;
    case HealthState::fault:
      return Tone::bad;
    case HealthState::skipped:
      return Tone::dim;
  }
  return Tone::plain;
}

std::string blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

std::int64_t count(const std::vector<HealthCheck>& checks, HealthState state) {
  return std::count_if(checks.begin(), checks.end(), [state](const HealthCheck& check) {
    return check.state == state;
  });
}

class Report {
 public:
  Report(Context& context, const std::vector<HealthCheck>& checks)
      : out_(context.out), screen_(context.screen), checks_(checks) {
    for (const HealthCheck& check : checks) {
      label_width_ = std::max(label_width_, display_width(label_of(check)));
    }
    // A long name takes a line of its own rather than the room of all others.
    label_width_ = std::min(label_width_, std::max(10, screen_.width / 4));
  }

  void print() const {
    std::string group;
    for (const HealthCheck& check : checks_) {
      if (group_of(check) != group) {
        if (!group.empty()) out_ << '\n';
        group = group_of(check);
        out_ << toned(printable(group), Tone::strong, screen_.colour) << '\n';
      }
      print(check);
    }
    const auto faults = count(checks_, HealthState::fault);
    const auto warnings = count(checks_, HealthState::warning);
    const Tone tone = faults > 0 ? Tone::bad : warnings > 0 ? Tone::warning : Tone::good;
    out_ << '\n'
         << toned(human_count_of(faults, "fault") + ", " + human_count_of(warnings, "warning"),
                  tone,
                  screen_.colour)
         << '\n';
  }

 private:
  void print(const HealthCheck& check) const {
    const std::string label = label_of(check);
    const bool is_long = display_width(label) > label_width_;
    out_ << blanks(kGap) << label;
    if (is_long) {
      out_ << '\n' << blanks(kGap + label_width_);
    } else {
      out_ << blanks(label_width_ - display_width(label));
    }
    const std::string state(domain::health_state_name(check.state));
    const int indent = kGap + label_width_ + kGap + kStateWidth + kGap;
    out_ << blanks(kGap) << toned(state, tone_of(check.state), screen_.colour)
         << blanks(kStateWidth - static_cast<int>(state.size()));
    std::string lead = blanks(kGap);
    for (const std::string& line : wrapped(printable(check.finding), screen_.width - indent)) {
      const Tone tone = check.state == HealthState::skipped ? Tone::dim : Tone::plain;
      out_ << lead << toned(line, tone, screen_.colour) << '\n';
      lead = blanks(indent);
    }
    if (check.remedy.empty()) return;
    // What to do is told from what was found without colour, too.
    std::string mark = screen_.unicode ? "→ " : "> ";
    const int room = screen_.width - indent - kGap;
    for (const std::string& line : wrapped(printable(check.remedy), room)) {
      out_ << blanks(indent) << mark << toned(line, Tone::strong, screen_.colour) << '\n';
      mark = blanks(kGap);
    }
  }

  std::ostream& out_;
  const Screen& screen_;
  const std::vector<HealthCheck>& checks_;
  int label_width_ = 0;
};

}  // namespace

void show_doctor(Context& context, std::vector<HealthCheck> checks) {
  std::stable_sort(checks.begin(), checks.end(), [](const auto& one, const auto& other) {
    return rank_of(one) < rank_of(other);
  });
  if (context.json) {
    context.print_json(api::to_json(checks));
  } else if (context.quiet) {
    for (const HealthCheck& check : checks) {
      if (check.state == HealthState::fault) context.out << printable(check.name) << '\n';
    }
  } else if (context.screen.is_terminal) {
    Report(context, checks).print();
  } else {
    Table table(
        {{.title = "check"}, {.title = "state"}, {.title = "finding"}, {.title = "remedy"}});
    for (const HealthCheck& check : checks) {
      table.add({text_cell(check.name),
                 text_cell(std::string(domain::health_state_name(check.state))),
                 text_cell(check.finding),
                 text_cell(check.remedy)});
    }
    table.print_tsv(context.out);
  }
  if (count(checks, HealthState::fault) > 0) context.exit_code = exit_code(Errc::internal);
}

}  // namespace nufi::cli
