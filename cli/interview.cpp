#include "cli/interview.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <istream>
#include <ostream>

namespace nufi::cli {

Interview::Interview(Context& context) : context_(context) {
  // Without SA_RESTART the read ends with nothing, which is what leaving looks like.
  struct sigaction interrupts {};
  interrupts.sa_handler = [](int) {};
  ::sigaction(SIGINT, &interrupts, &before_);
}

Interview::~Interview() {
  ::sigaction(SIGINT, &before_, nullptr);
}

std::optional<std::string> Interview::ask(const std::string& question,
                                          const std::string& fallback) {
  if (was_left_) return std::nullopt;
  context_.err << printable(question);
  if (!fallback.empty()) context_.err << " [" << printable(fallback) << ']';
  context_.err << ": " << std::flush;
  std::string answer;
  if (!std::getline(context_.in, answer)) {
    context_.err << '\n';
    was_left_ = true;
    return std::nullopt;
  }
  answer = trim(answer);
  return answer.empty() ? fallback : answer;
}

std::optional<std::string> Interview::ask_until(
    const std::string& question,
    const std::string& fallback,
    const std::function<void(const std::string&)>& check) {
  while (true) {
    auto answer = ask(question, fallback);
    if (!answer) return std::nullopt;
    try {
      check(*answer);
      return answer;
    } catch (const Error& error) {
      context_.err << printable(error.what()) << '\n';
    }
  }
}

std::optional<Secret> Interview::ask_secret(const std::string& question) {
  if (was_left_) return std::nullopt;
  try {
    const Secret typed = context_.ask_secret(printable(question) + ": ");
    return Secret(std::string(trim(typed.expose())));
  } catch (const Error&) {
    was_left_ = true;
    return std::nullopt;
  }
}

std::string free_name(const std::string& wish, const std::vector<std::string>& taken) {
  std::string name = wish;
  for (int number = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++number) {
    name = wish + "-" + std::to_string(number);
  }
  return name;
}

void check_is_free(const std::string& name,
                   const std::vector<std::string>& taken,
                   const std::string& what) {
  if (std::find(taken.begin(), taken.end(), name) == taken.end()) return;
  throw Error(Errc::conflict, "there is " + what + " called '" + name + "' already");
}

}  // namespace nufi::cli
