#include "cli/progress.hpp"

#include "cli/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ostream>
#include <unistd.h>

namespace nufi::cli {

namespace {

constexpr std::chrono::milliseconds kPatience{500};
constexpr std::chrono::milliseconds kRedraw{200};
constexpr int kWidestBar = 30;
constexpr int kLeastBar = 5;

// What a signal handler may touch: nothing that allocates or locks.
constexpr std::size_t kMostText = 512;
std::array<char, kMostText> farewell{};
std::array<char, kMostText> unwanted_file{};

void copy_to(std::array<char, kMostText>& place, const std::string& text) {
  place.fill(0);
  // A part of a path would be another file.
  if (text.size() < place.size()) std::memcpy(place.data(), text.data(), text.size());
}

extern "C" void say_farewell(int signal) {
  // Over the line of progress, whose end is erased by what terminals understand by it.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, "\r\x1b[K", 4);
  written = ::write(STDERR_FILENO, farewell.data(), ::strnlen(farewell.data(), kMostText));
  if (unwanted_file[0] != 0) ::unlink(unwanted_file.data());
  // The handler is reset: the signal ends nufi as it ends any program.
  ::raise(signal);
}

void answer_interrupts(bool with_farewell) {
  struct sigaction action {};
  action.sa_handler = with_farewell ? say_farewell : SIG_DFL;
  action.sa_flags = with_farewell ? static_cast<int>(SA_RESETHAND) : 0;
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace

std::string progress_line(const std::string& what,
                          std::int64_t done,
                          std::int64_t total,
                          std::chrono::seconds taken,
                          int width,
                          bool unicode) {
  if (total <= 0) return shorten(fmt::format("{}  {} s", what, taken.count()), width);
  const std::int64_t part = std::clamp<std::int64_t>(done, 0, total);
  // In floating point: the count may be of nanoseconds.
  const double share = static_cast<double>(part) / static_cast<double>(total);
  const std::string tail = fmt::format("{:3d} %", static_cast<int>(share * 100));
  const int room = width - display_width(what) - display_width(tail) - 6;
  if (room < kLeastBar) return shorten(what + "  " + tail, width);
  const int length = std::min(room, kWidestBar);
  const int filled = static_cast<int>(share * length);
  std::string bar;
  for (int i = 0; i < length; ++i) {
    bar += i < filled ? (unicode ? "█" : "#") : (unicode ? "░" : ".");
  }
  return fmt::format("{}  [{}]  {}", what, bar, tail);
}

Progress::Progress(Context& context, const std::string& when_interrupted)
    : context_(context), is_watched_(context.err_is_terminal && !context.quiet) {
  if (!is_watched_) return;
  copy_to(farewell, when_interrupted.empty() ? "" : when_interrupted + "\n");
  answer_interrupts(true);
  painter_ = std::thread([this] {
    // Signals are for the thread that works.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    while (!ends_) {
      draw(context_.clock.steady());
      changed_.wait_for(lock, kRedraw);
    }
  });
}

Progress::~Progress() {
  if (!is_watched_) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    erase();
  }
  changed_.notify_all();
  painter_.join();
  answer_interrupts(false);
  remove_when_interrupted("");
}

void Progress::show(const std::string& what, std::int64_t done, std::int64_t total) {
  if (!is_watched_) return;
  const std::lock_guard lock(mutex_);
  if (what_.empty()) since_ = context_.clock.steady();
  what_ = what;
  done_ = done;
  total_ = total;
}

void Progress::end() {
  if (!is_watched_) return;
  const std::lock_guard lock(mutex_);
  erase();
  what_.clear();
}

void Progress::remove_when_interrupted(const std::string& path) {
  copy_to(unwanted_file, path);
}

void Progress::draw(SteadyTime now) {
  if (what_.empty() || now - since_ < kPatience) return;
  const auto taken = std::chrono::duration_cast<std::chrono::seconds>(now - since_);
  // The last column stays free: some terminals go to the next line after it.
  const std::string line = progress_line(
      what_, done_, total_, taken, context_.screen.width - 1, context_.screen.unicode);
  const int width = display_width(line);
  const int leftover = std::max(shown_width_ - width, 0);
  context_.err << '\r' << line << std::string(static_cast<std::size_t>(leftover), ' ')
               << std::flush;
  shown_width_ = width;
}

void Progress::erase() {
  if (shown_width_ == 0) return;
  context_.err << '\r' << std::string(static_cast<std::size_t>(shown_width_), ' ') << '\r'
               << std::flush;
  shown_width_ = 0;
}

}  // namespace nufi::cli
